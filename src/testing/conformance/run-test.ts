import assert from 'node:assert/strict'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { inspect } from 'node:util'
import type { ConformanceAdapter, ConformanceBackend } from './adapter'
import { createBench, patienceOf } from './bench'
import type { ConformanceTest } from './test'
import { within } from './tools/assertions'

/** Runs one test on a backend of its own, then looks for what it must not leave behind. */
export async function runTest(adapter: ConformanceAdapter, test: ConformanceTest): Promise<void> {
  const timeout = timeoutOf(adapter)
  const rejections = watchRejections()
  try {
    const backend = await within(timeout, 'create()', adapter.create())
    try {
      await within(timeout, 'the test', test.run(createBench(adapter, backend)))
      const leftovers = await lastLeftovers(backend, patienceOf(adapter))
      assert.deepEqual(leftovers, [], 'half-written things were left behind')
    } catch (error) {
      // Nothing that dispose() does now may hide why the test failed.
      await within(timeout, 'dispose()', backend.dispose()).catch(() => {})
      throw error
    }
    await within(timeout, 'dispose()', backend.dispose())
  } finally {
    await rejections.stop()
  }
  assert.deepEqual(rejections.seen, [], 'promises were rejected with nobody to handle it')
}

/** A store may go on tidying up after a call has returned, as after the commit of an empty object: that much time it has. */
async function lastLeftovers(backend: ConformanceBackend, patience: number): Promise<string[]> {
  const deadline = performance.now() + patience
  for (;;) {
    const leftovers = (await backend.leftovers?.()) ?? []
    if (leftovers.length === 0 || performance.now() >= deadline) return leftovers
    await setTimeout(20)
  }
}

export function timeoutOf(adapter: ConformanceAdapter): number {
  return adapter.timeout ?? 60_000
}

function watchRejections() {
  const seen: string[] = []
  const listener = (reason: unknown) => void seen.push(inspect(reason, { depth: 1 }))
  process.on('unhandledRejection', listener)
  return {
    seen,
    async stop() {
      // Node reports a rejection only when the current turn is over.
      await setImmediate()
      process.off('unhandledRejection', listener)
    },
  }
}
