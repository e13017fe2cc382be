import { TransferError } from '../../contract/errors'
import type { ConformanceAdapter, TestRunner } from './adapter'
import { runTest, timeoutOf } from './run-test'
import type { ConformanceTest } from './test'
import { topics } from './topics'

export type {
  ConformanceAdapter,
  ConformanceBackend,
  OddKeys,
  OptionalMember,
  TestRunner,
} from './adapter'
export { readObject, type WriteObjectOptions, writeObject } from './tools/objects'
export { oddKeys } from './topics/keys'

/**
 * Registers, with the runner, a test for each promise of the contracts. Any adapter that passes can be used with
 * `transfer()`.
 *
 * @throws INVALID_OPTION for a known gap that names no test
 */
export function conformance(runner: TestRunner, adapter: ConformanceAdapter): void {
  const { knownGaps = {}, without = [] } = adapter
  refuseUnknown(Object.keys(knownGaps))
  // Longer than the suite's own limit, whose message says what was waited for.
  const timeout = timeoutOf(adapter) * 3
  runner.describe(`conformance of ${adapter.name}`, () => {
    for (const topic of topics) {
      const tests = topic.tests.filter((test) => !test.needs?.some((member) => without.includes(member)))
      // Some runners fail a group without tests.
      if (tests.length === 0) continue
      runner.describe(topic.name, () => {
        for (const test of tests) {
          const reason = knownGaps[test.name]
          if (reason === undefined) runner.it(test.name, () => runTest(adapter, test), timeout)
          else runner.it(`${test.name} (known gap: ${reason})`, () => stillFails(adapter, test), timeout)
        }
      })
    }
  })
}

async function stillFails(adapter: ConformanceAdapter, test: ConformanceTest): Promise<void> {
  const passed = await runTest(adapter, test).then(
    () => true,
    () => false,
  )
  if (!passed) return
  throw new TransferError(
    'INVALID_OPTION',
    `"${test.name}" passes: take it off the known gaps of ${adapter.name}.`,
    { context: { option: 'knownGaps', test: test.name } },
  )
}

function refuseUnknown(gaps: readonly string[]): void {
  const names = new Set(topics.flatMap((topic) => topic.tests.map((test) => test.name)))
  const unknown = gaps.filter((gap) => !names.has(gap))
  if (unknown.length === 0) return
  throw new TransferError(
    'INVALID_OPTION',
    `Option knownGaps names tests that do not exist: ${unknown.join('; ')}.`,
    {
      context: { option: 'knownGaps', unknown },
    },
  )
}
