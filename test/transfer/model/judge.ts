import { TransferError } from '../../../src/contract/errors'
import { fingerprint } from '../../../src/resume/checkpoint'
import { survivable } from './faults'
import { attributesOf, type ModelRun } from './run'
import { elapse } from './virtual-time'
import type { World } from './world'

/** Milliseconds in which an abort must have ended the transfer. */
const abortLimit = 5000
/** Milliseconds in which it must be told how a transfer ended, once that can be told. */
const reconcileLimit = 60_000

/** Holds what a transfer said of itself against what the world saw. */
export async function judge(world: World, run: ModelRun): Promise<void> {
  const { outcome, process } = run
  if (!outcome) return
  const complain = (text: string) => world.complain(`${process.name}: ${text}`)
  if (run.abortedFor !== undefined && run.abortedFor > abortLimit) {
    complain(`ended ${run.abortedFor} ms after its abort`)
  }
  if ('result' in outcome) await judgeSuccess(world, run, complain)
  else await judgeFailure(world, run, outcome.error, complain)
  if (!run.disturbed) judgeResume(world, run, complain)
}

/** Once nothing goes wrong any more, an outcome that was not known can be asked for. */
export async function judgeReconciled(world: World, { process, outcome, before }: ModelRun): Promise<void> {
  const error = outcome && 'error' in outcome ? outcome.error : undefined
  if (!TransferError.is(error) || error.code !== 'OUTCOME_UNKNOWN') return
  const complain = (text: string) => world.complain(`${process.name}: ${text}`)
  if (!error.reconcile) return complain('does not know its outcome, and cannot be asked again')
  process.heal()
  const result = await elapse(error.reconcile(), reconcileLimit)
  world.trace(`${process.name} finds ${result ? 'its object' : 'nothing'}`)
  const made = world.journal.changes.slice(before.changes)
  const own = made.some(({ by }) => by === process.name)
  // A zombie may have made the same object, and somebody else may have replaced ours.
  if (
    result &&
    !(await world.destination.look())?.bytes.equals(own ? made.at(-1)!.bytes! : before.standing!)
  ) {
    complain('found its object, which is not there')
  }
  if (!result && own && made.at(-1)?.by === process.name)
    complain('found nothing, though its object is there')
}

/** Whatever processes made of the destination is exactly one version of the source, current while they ran. */
export function judgeChanges(world: World, runs: readonly ModelRun[]): void {
  for (const { by, bytes } of world.journal.changes) {
    if (by === 'foreign') continue
    const run = runs.find(({ process }) => process.name === by)
    const since = run?.before.version ?? 0
    const until = run?.outcome ? run.versionAfter + 1 : undefined
    const exact = world.versions.all.slice(since, until).some((version) => bytes?.equals(version.bytes))
    if (!exact) world.complain(`${by} left ${bytes?.toString('hex')} at the destination`)
  }
}

type Complain = (text: string) => void

async function judgeSuccess(world: World, run: ModelRun, complain: Complain): Promise<void> {
  const { result } = run.outcome as { result: { bytes: number } }
  const versions = world.versions.all.slice(run.before.version, run.versionAfter + 1)
  const stood = [
    run.before.standing,
    ...world.journal.changes.slice(run.before.changes, run.changesAfter).map(({ bytes }) => bytes),
  ]
  // Where nobody else was about, what counts is what stands there at the end.
  const candidates = run.disturbed ? stood : stood.slice(-1)
  const fits = (bytes: Buffer | undefined) =>
    bytes?.length === result.bytes && versions.some((version) => version.bytes.equals(bytes))
  if (!candidates.some(fits)) complain('succeeded, but the destination is not the source')
  if (run.disturbed) return
  const { faults } = run.process
  const left = (await world.destination.sessions()).filter((id) => isOf(world, run, id))
  const discarded = !run.events.some((event) => event.type === 'restart' && !event.discarded)
  if (left.length > 0 && discarded && !faults.hitAny('loaded', 'load')) {
    complain(`succeeded, and left ${left.join(', ')} behind`)
  }
  if (
    run.step.options.checkpoint &&
    world.checkpoints.current !== undefined &&
    !faults.hitAny('delete', 'save')
  ) {
    complain('succeeded, and left its checkpoint behind')
  }
}

async function judgeFailure(world: World, run: ModelRun, error: unknown, complain: Complain): Promise<void> {
  const { process, step, before } = run
  if (!TransferError.is(error)) return complain(`rejected with ${error}`)
  const since = world.journal.changes.slice(before.changes).map(({ by }) => by)
  // An object that somebody else replaced, before it could be looked for, leaves nothing to tell it by.
  const changed = since.lastIndexOf(process.name) > since.lastIndexOf('foreign')
  if (error.code !== 'OUTCOME_UNKNOWN' && changed) {
    complain(`rejected with ${error.code}, but changed the destination`)
  }
  if (run.disturbed) return
  if (error.code !== 'OUTCOME_UNKNOWN') await judgeLeftovers(world, run, error, complain)
  const refused = error.code === 'ALREADY_EXISTS' && step.options.ifExists === 'fail'
  const harmless = isHarmless(run) && run.abortedFor === undefined
  if (harmless && !refused)
    complain(`failed with ${error.code}, though nothing happened that it cannot survive`)
}

/** A session is ended, or somebody knows its name. */
async function judgeLeftovers(
  world: World,
  run: ModelRun,
  error: TransferError,
  complain: Complain,
): Promise<void> {
  const { checkpoints, destination } = world
  const named = JSON.stringify(error.context)
  const saved = checkpoints.decoded && destination.sessionOf(checkpoints.decoded.session)
  const { checkpoint, onFailure } = run.step.options
  const keeps = onFailure === 'keep' || (checkpoint && onFailure === undefined)
  for (const id of await destination.sessions()) {
    if (!world.journal.heldBy(run.process.name).includes(id)) continue
    if (named.includes(id)) continue
    // What an earlier run has kept may stay where this one did not come to take it up.
    if ((keeps || run.before.sessions.includes(id)) && id === saved) continue
    if (run.events.some((event) => event.type === 'restart' && !event.discarded)) continue
    complain(`failed with ${error.code}, and left ${id} behind, which nobody knows of`)
  }
}

/** A kill undoes no more parts than were in flight: a worker begins none before its last one is saved. */
export function judgeRecorded(world: World, { disturbed, process, step }: ModelRun): void {
  const { decoded } = world.checkpoints
  if (
    disturbed ||
    !decoded ||
    decoded.owner !== process.owner ||
    process.faults.hitAny('save', 'load', 'loaded')
  )
    return
  const recorded = new Set(decoded.parts.map(({ index }) => index))
  const accepted = world.journal.acceptedOf(process.name, world.destination.sessionOf(decoded.session))
  const unrecorded = new Set(accepted.filter((index) => !recorded.has(index)))
  if (unrecorded.size <= step.options.concurrency) return
  world.complain(`${process.name}: parts ${[...unrecorded]} are not in the checkpoint`)
}

/** Parts that were recorded and are still there are not sent again, if nothing was changed. */
function judgeResume(world: World, run: ModelRun, complain: Complain): void {
  const { before, step, process } = run
  const { checkpoint } = before
  if (!checkpoint || !step.options.checkpoint) return
  const source = world.versions.all[before.version]!
  const id = world.destination.sessionOf(checkpoint.session)
  const { faults } = process
  const same =
    before.sessions.includes(id) &&
    checkpoint.source.version === source.id &&
    checkpoint.partSize === step.options.partSize &&
    !faults.hitAny('load', 'loaded', 'resume', 'listParts', 'stat') &&
    checkpoint.attributes === fingerprint(attributesOf(step, world.carriesAttributes))
  if (!same) return
  const again = world.journal.partsSent(process.name).filter((index) => before.intact.includes(index))
  if (again.length > 0) complain(`sent parts ${again.join(', ')} again, which were there`)
}

function isOf(world: World, run: ModelRun, id: string): boolean {
  const { checkpoint } = run.before
  const resumable =
    run.step.options.checkpoint && checkpoint && world.destination.sessionOf(checkpoint.session)
  return world.journal.heldBy(run.process.name).includes(id) || resumable === id
}

/** At most one request went wrong, once, in a way that the next attempt does not; or the checkpoint's store did. */
function isHarmless({ process }: ModelRun): boolean {
  const { hit } = process.faults
  // What an older owner left looks like a run that has taken over.
  if (hit.some(({ kind }) => kind === 'stale')) return false
  const ofStore = ['load', 'loaded', 'save', 'delete']
  const others = hit.filter(({ call }) => !ofStore.includes(call))
  return others.length <= 1 && others.every(({ kind }) => survivable.includes(kind))
}
