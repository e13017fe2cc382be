import type { OptionalMember } from './adapter'
import type { Bench } from './bench'

export interface ConformanceTest {
  /** Unique in the suite: known gaps are listed by it. */
  readonly name: string
  /** Left out where the adapter is `without` any of these. */
  readonly needs?: readonly OptionalMember[]
  run(bench: Bench): Promise<void>
}

export interface Topic {
  readonly name: string
  readonly tests: readonly ConformanceTest[]
}

/** Only makes a file of tests read like one. */
export function test(
  name: string,
  run: ConformanceTest['run'],
  needs?: ConformanceTest['needs'],
): ConformanceTest {
  return { name, run, needs }
}
