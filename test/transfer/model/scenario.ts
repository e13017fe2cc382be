import fc from 'fast-check'
import type { CallName, Fault, FaultKind } from './faults'

/** What happens to the world between two runs, or in the middle of one. */
export type Change =
  | { readonly kind: 'source'; readonly size: number }
  /** Other bytes, as many as before: only the version tells. */
  | { readonly kind: 'rewrite' }
  | { readonly kind: 'harm'; readonly index: number; readonly how: 'vanish' | 'tear' | 'damage' }
  | { readonly kind: 'lose-sessions' }
  | { readonly kind: 'checkpoint'; readonly how: 'drop' | 'older' | 'garbage' }
  | { readonly kind: 'foreign'; readonly size: number }
  /** All that are frozen wake up. */
  | { readonly kind: 'thaw' }

export interface RunStep {
  readonly kind: 'run'
  readonly faults: readonly Fault[]
  /** After so many calls and chunks. */
  readonly ending?: { readonly how: 'kill' | 'freeze' | 'abort'; readonly at: number }
  readonly meanwhile?: { readonly change: Change; readonly at: number }
  readonly options: {
    readonly partSize: number
    readonly concurrency: number
    readonly ifExists: 'overwrite' | 'fail'
    readonly checkpoint: boolean
    readonly grace: number | undefined
    readonly onFailure: 'abort' | 'keep' | undefined
    readonly contentType: string | undefined
  }
  /** Of the latencies, and so of the order in which things happen. */
  readonly seed: number
}

export interface Setup {
  /** Bytes. */
  readonly size: number
  /** Bytes of the object that stands at the destination; undefined where none does. */
  readonly standing?: number
  readonly verify: 'attested' | 'end-to-end'
  readonly attests: 'crc64' | 'md5'
  readonly statesWhole: boolean
  readonly maxPutSize: number
}

export interface Scenario {
  readonly setup: Setup
  readonly steps: readonly (RunStep | Change)[]
}

const kinds: Record<CallName, readonly FaultKind[]> = {
  stat: ['temporary', 'permanent', 'throttled', 'silent', 'deaf'],
  open: ['temporary', 'permanent', 'throttled', 'silent', 'deaf'],
  read: ['cut', 'truncated'],
  look: ['temporary', 'permanent', 'deaf'],
  put: ['temporary', 'permanent', 'throttled', 'lost', 'silent', 'deaf'],
  begin: ['temporary', 'permanent', 'throttled', 'lost', 'silent', 'deaf'],
  resume: ['temporary', 'permanent', 'throttled', 'lost', 'silent', 'deaf'],
  discard: ['temporary', 'permanent', 'lost', 'deaf'],
  writePart: ['temporary', 'permanent', 'throttled', 'lost', 'silent', 'deaf'],
  body: ['cut', 'damaged'],
  listParts: ['temporary', 'permanent', 'throttled', 'lost', 'silent', 'deaf'],
  commit: ['temporary', 'permanent', 'throttled', 'lost', 'silent', 'deaf'],
  reconcile: ['temporary', 'permanent', 'silent', 'deaf'],
  abort: ['temporary', 'permanent', 'lost', 'silent', 'deaf'],
  load: ['temporary', 'permanent', 'deaf'],
  loaded: ['stale', 'garbage'],
  save: ['temporary', 'permanent', 'lost', 'deaf'],
  delete: ['temporary', 'permanent', 'lost', 'deaf'],
}

const calls = Object.keys(kinds) as CallName[]

const fault: fc.Arbitrary<Fault> = fc
  .oneof(
    { arbitrary: fc.constantFrom(...calls), weight: 2 },
    { arbitrary: fc.constantFrom<CallName>('writePart', 'commit', 'save', 'read', 'body'), weight: 1 },
  )
  .chain((call) =>
    fc.record({
      call: fc.constant(call),
      kind: fc.constantFrom(...kinds[call]),
      nth: fc.integer({ min: 1, max: 6 }),
      times: fc.oneof(
        { arbitrary: fc.constant(1), weight: 4 },
        { arbitrary: fc.constantFrom(2, 100), weight: 1 },
      ),
    }),
  )

/** Most have several parts. */
const size = fc.oneof(
  { arbitrary: fc.integer({ min: 9, max: 60 }), weight: 6 },
  { arbitrary: fc.integer({ min: 0, max: 8 }), weight: 1 },
)

const harm: fc.Arbitrary<Change> = fc.record({
  kind: fc.constant('harm' as const),
  index: fc.nat({ max: 3 }),
  how: fc.constantFrom('vanish' as const, 'tear' as const, 'damage' as const),
})

const otherChange: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant('source' as const), size }),
  fc.constant({ kind: 'rewrite' as const }),
  fc.constant({ kind: 'lose-sessions' as const }),
  fc.record({
    kind: fc.constant('checkpoint' as const),
    how: fc.constantFrom('drop' as const, 'older' as const, 'garbage' as const),
  }),
  fc.record({ kind: fc.constant('foreign' as const), size: fc.integer({ min: 1, max: 60 }) }),
  fc.constant({ kind: 'thaw' as const }),
)

const change = fc.oneof({ arbitrary: harm, weight: 1 }, { arbitrary: otherChange, weight: 5 })

const mostly = <T, U>(usual: T, ...others: U[]): fc.Arbitrary<T | U> =>
  fc.oneof({ arbitrary: fc.constant(usual), weight: 6 }, { arbitrary: fc.constantFrom(...others), weight: 1 })

/** Most runs go on as the one before did, and so can be resumed. */
const transferOptions: fc.Arbitrary<RunStep['options']> = fc.record({
  partSize: mostly(10, 7, 25),
  concurrency: fc.constantFrom(1, 2, 3),
  ifExists: mostly('overwrite' as const, 'fail' as const),
  checkpoint: mostly(true, false),
  grace: mostly(undefined, 0, 5, 4000),
  onFailure: mostly(undefined, 'abort' as const, 'keep' as const),
  contentType: mostly(undefined, 'text/plain'),
})

const run = ({ points, trusted }: ScenarioOptions): fc.Arbitrary<RunStep> => {
  const point = fc.integer({ min: 1, max: points })
  const meanwhile = trusted ? otherChange : change
  const fitting = trusted ? fault.filter(({ kind }) => kind !== 'damaged') : fault
  return fc.record(
    {
      kind: fc.constant('run' as const),
      faults: fc.array(fitting, { maxLength: 3 }),
      ending: fc.record({
        how: fc.oneof(
          { arbitrary: fc.constant('kill' as const), weight: 3 },
          { arbitrary: fc.constantFrom('freeze' as const, 'abort' as const), weight: 2 },
        ),
        at: point,
      }),
      meanwhile: fc.record({ change: meanwhile, at: point }),
      options: transferOptions,
      seed: fc.nat({ max: 1000 }),
    },
    { requiredKeys: ['kind', 'faults', 'options', 'seed'] },
  )
}

const setup: fc.Arbitrary<Setup> = fc.record(
  {
    size,
    standing: fc.integer({ min: 1, max: 30 }),
    verify: fc.constantFrom('attested' as const, 'end-to-end' as const),
    attests: fc.constantFrom('crc64' as const, 'md5' as const),
    statesWhole: fc.boolean(),
    maxPutSize: fc.constantFrom(0, 8),
  },
  { requiredKeys: ['size', 'verify', 'attests', 'statesWhole', 'maxPutSize'] },
)

export interface ScenarioOptions {
  /** The last point of a process at which something may happen to it. */
  readonly points: number
  /**
   * Whether the way to the sink is sound, and parts are harmed between runs alone, as on a disk: what is damaged behind
   * the back of the process that has just written it is past finding out.
   */
  readonly trusted: boolean
}

export const scenarios = (options: ScenarioOptions): fc.Arbitrary<Scenario> =>
  fc.record({
    setup,
    steps: fc.array(fc.oneof({ arbitrary: run(options), weight: 3 }, { arbitrary: change, weight: 1 }), {
      minLength: 1,
      maxLength: 7,
    }),
  })
