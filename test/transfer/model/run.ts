import { TransferError } from '../../../src/contract/errors'
import type { TransferEvent } from '../../../src/contract/events'
import type { ObjectAttributes } from '../../../src/contract/source'
import type { Checkpoint } from '../../../src/resume/checkpoint'
import type { TransferResult } from '../../../src/transfer/result'
import { transfer } from '../../../src/transfer/transfer'
import { flakySink } from './flaky-sink'
import { flakyCheckpoints } from './model-checkpoints'
import { modelSource, type Seen } from './model-source'
import { ModelProcess } from './process'
import type { RunStep } from './scenario'
import type { World } from './world'

export type Outcome = { readonly result: TransferResult } | { readonly error: unknown }

/** One transfer in a process of its own, and what the world was like when it began. */
export interface ModelRun {
  readonly step: RunStep
  readonly process: ModelProcess
  readonly events: TransferEvent[]
  readonly done: Promise<Outcome>
  outcome: Outcome | undefined
  /** Virtual time between the abort and the end. */
  abortedFor: number | undefined
  /** Another process did something meanwhile, or the world changed. */
  disturbed: boolean
  readonly before: {
    /** Index of the version of the source. */
    readonly version: number
    /** Number of changes of the destination. */
    readonly changes: number
    readonly standing: Buffer | undefined
    readonly checkpoint: Checkpoint | undefined
    readonly sessions: readonly string[]
    /** Parts of the checkpoint which the session holds as they were sent. */
    readonly intact: readonly number[]
  }
  /** Version of the source that is current when it ends. */
  versionAfter: number
  changesAfter: number
}

export async function startRun(world: World, step: RunStep, name: string): Promise<ModelRun> {
  const stop = new AbortController()
  let abortedAt: number | undefined
  const events = new Map<number, (() => void)[]>()
  const on = (at: number, event: () => void) => events.set(at, [...(events.get(at) ?? []), event])
  const { ending, meanwhile } = step
  if (ending?.how === 'kill') on(ending.at, () => process.kill())
  if (ending?.how === 'freeze') on(ending.at, () => process.freeze())
  if (ending?.how === 'abort') {
    on(ending.at, () => {
      world.trace(`${name} is aborted`)
      abortedAt = performance.now()
      stop.abort(new Error('stop'))
    })
  }
  if (meanwhile) {
    on(meanwhile.at, () => {
      run.disturbed = true
      world.inBackground(world.change(meanwhile.change, name))
    })
  }
  const process = new ModelProcess(name, world.trace, step.seed, step.faults, events)
  const before = await world.snapshot()
  const seen: Seen = { stated: undefined, openedSince: false }
  const told: TransferEvent[] = []
  const { contentType: _, checkpoint, grace, onFailure, ...options } = step.options
  const store = flakyCheckpoints(process, world.checkpoints)
  const done = transfer(
    modelSource(process, world.versions, seen, world.setup.verify === 'end-to-end'),
    flakySink(process, world.destination.sink(process), world, seen),
    {
      ...options,
      verify: world.setup.verify,
      signal: stop.signal,
      retry: { retries: 3, minDelay: 0, maxDelay: 0 },
      timeouts: { idle: 300 },
      metadata: attributesOf(step, world.carriesAttributes),
      ...(checkpoint && { checkpoint: { store, id: 'the one', ...(grace !== undefined && { grace }) } }),
      ...(onFailure !== undefined && { onFailure }),
      onEvent: (event) => {
        if (process.state === 'running') told.push(event)
      },
    },
  ).then(
    (result): Outcome => ({ result }),
    (error: unknown): Outcome => ({ error }),
  )
  const run: ModelRun = {
    step,
    process,
    events: told,
    done,
    outcome: undefined,
    abortedFor: undefined,
    disturbed: false,
    before,
    versionAfter: 0,
    changesAfter: 0,
  }
  void done.then((outcome) => {
    if (process.state === 'dead') return
    run.outcome = outcome
    run.versionAfter = world.versions.all.length - 1
    run.changesAfter = world.journal.changes.length
    if (abortedAt !== undefined) run.abortedFor = performance.now() - abortedAt
    world.trace(`${name} ends: ${inWords(outcome)}`)
  })
  return run
}

export const attributesOf = ({ options: { contentType } }: RunStep, carried: boolean): ObjectAttributes =>
  contentType !== undefined && carried ? { contentType } : {}

const inWords = (outcome: Outcome): string => {
  if ('result' in outcome) return `success, ${outcome.result.resumedBytes} bytes resumed`
  const { error } = outcome
  return TransferError.is(error) ? `${error.code}: ${error.message}` : String(error)
}
