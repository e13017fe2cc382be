import { TransferError } from '../../contract/errors'
import type { RestartReason } from '../../contract/events'
import type { Committed, NewObject, PartReceipt, WriteSession } from '../../contract/sink'
import type { ObjectInfo } from '../../contract/source'
import { unless } from '../../contract/unless'
import { sameEtag } from '../../integrity/etag'
import { type Checkpoint, fingerprint } from '../../resume/checkpoint'
import type { Attempt } from '../attempts/attempt'
import { inBackground } from '../clean-up'
import type { Concluded } from '../ending/ending'
import { limitsOf } from '../options'
import { receiptsFor } from '../parts/receipts'
import type { Run } from '../run'
import type { Verifier } from '../verify/verifier'

/** Milliseconds to wait until what is of no use is gone: what takes longer goes on in the background. */
const discardPatience = 10_000

/** A part that an earlier run has sent and the sink still holds as it was sent. */
export interface KeptPart {
  /** As the checkpoint has it. */
  readonly receipt: PartReceipt
  /** What the sink states of it now. */
  readonly listed: PartReceipt
}

/** What an earlier run has left to go on with. */
export interface Earlier {
  readonly partSize: number
  readonly parts: readonly KeptPart[]
  readonly session?: WriteSession
  /** It was killed after its commit, before it could say so. */
  readonly committed?: Committed
}

/**
 * Takes up what an earlier run has left, as far as it still fits: what the sink really holds is compared with what the
 * checkpoint says. Where nothing fits, its session is discarded, an event says why, and the transfer starts afresh.
 */
export async function resume(
  run: Run,
  saved: Checkpoint | undefined,
  info: ObjectInfo,
  object: NewObject,
  verifier: Verifier,
): Promise<Earlier | undefined> {
  if (!saved) return undefined
  const changed = whatChanged(run, saved, info, object, verifier)
  if (changed) return restart(run, saved, changed)
  const { partSize } = saved
  const session = await unless('SESSION_LOST', take(run, saved, object))
  if (session) {
    const listed = await unless('SESSION_LOST', list(run, session))
    if (listed) return { session, partSize, parts: stillHeld(saved, info, listed, verifier) }
  }
  const committed = await committedBefore(run, saved, info, object)
  if (committed) {
    // A second name of its file, or a journal, may still be there.
    await discard(run, saved)
    const parts = saved.parts.map((receipt) => ({ receipt, listed: receipt }))
    return { committed, partSize, parts }
  }
  return restart(run, saved, 'session')
}

function whatChanged(
  run: Run,
  { source, destination, partSize, attributes }: Checkpoint,
  info: ObjectInfo,
  object: NewObject,
  verifier: Verifier,
): RestartReason | undefined {
  const { location } = run.source
  if (source.location !== location || source.version !== info.version || source.size !== info.size) {
    return 'source'
  }
  if (destination !== run.sink.location) return 'destination'
  if (attributes !== fingerprint(object.attributes)) return 'attributes'
  return partSizeFits(run, partSize, info, verifier) ? undefined : 'part-size'
}

/** The size asked for, or needed for a check; or, where any will do, one that the sink takes. */
function partSizeFits(run: Run, partSize: number, { size = 0 }: ObjectInfo, verifier: Verifier): boolean {
  const wanted = run.options.partSize ?? verifier.partSize
  if (wanted !== undefined) return partSize === wanted
  const { minPartSize, maxPartSize, maxParts } = limitsOf(run.sink.capabilities)
  return partSize >= minPartSize && partSize <= maxPartSize && size <= partSize * maxParts
}

async function restart(run: Run, saved: Checkpoint, reason: RestartReason): Promise<undefined> {
  const discarded = await discard(run, saved)
  run.emit({ type: 'restart', reason, discarded })
}

/** @returns false where it was not done in time, or cannot be done */
function discard(run: Run, { session }: Checkpoint): Promise<boolean> {
  const work = async ({ signal }: Attempt) => {
    if (!run.sink.discard) throw new TransferError('UNSUPPORTED', 'The sink cannot discard a session.')
    await run.sink.discard(session, run.context(signal))
  }
  return inBackground(run, work, discardPatience)
}

function take(run: Run, { session }: Checkpoint, object: NewObject): Promise<WriteSession> {
  const late = (taken: WriteSession) => void taken.release?.().catch(() => {})
  return run.request({ operation: 'begin', side: 'sink', late }, ({ signal }) =>
    run.sink.resume!(session, object, run.context(signal)),
  )
}

/** A file is read back here, which takes long and is no silence. */
async function list(run: Run, session: WriteSession): Promise<readonly PartReceipt[]> {
  try {
    return await run.request(
      { operation: 'verify', side: 'sink' },
      async ({ signal, touch }) => (await session.listParts?.({ ...run.context(signal), touch })) ?? [],
    )
  } catch (error) {
    await session.release?.().catch(() => {})
    throw error
  }
}

/** The parts of the checkpoint that the sink holds as they were sent. */
function stillHeld(
  saved: Checkpoint,
  info: ObjectInfo,
  listed: readonly PartReceipt[],
  verifier: Verifier,
): KeptPart[] {
  const held = new Map(listed.map((part) => [part.index, part]))
  return saved.parts.flatMap((receipt) => {
    const found = held.get(receipt.index)
    const fits = receipt.size === sizeOfPart(receipt.index, saved.partSize, info.size)
    return found && fits && verifier.knows(receipt) && agrees(receipt, found)
      ? [{ receipt, listed: found }]
      : []
  })
}

/** The same size, and no digest that both know differs. Size alone proves nothing: one digest there must be. */
function agrees(receipt: PartReceipt, listed: PartReceipt): boolean {
  if (receipt.size !== listed.size) return false
  const verdicts = [
    equal(receipt.crc64, listed.crc64),
    equal(receipt.md5, listed.md5),
    equal(receipt.etag, listed.etag, sameEtag),
  ]
  return verdicts.includes(true) && !verdicts.includes(false)
}

function equal(
  one: string | undefined,
  other: string | undefined,
  same = (left: string, right: string) => left === right,
): boolean | undefined {
  return one === undefined || other === undefined ? undefined : same(one, other)
}

const sizeOfPart = (index: number, partSize: number, size = 0) => Math.min(partSize, size - index * partSize)

/** A session that is gone though every part was there may have been committed: the destination tells. */
async function committedBefore(
  run: Run,
  saved: Checkpoint,
  info: ObjectInfo,
  object: NewObject,
): Promise<Committed | undefined> {
  const { session } = saved
  const receipts = receiptsFor(run.sink, saved.parts)
  const size = bytesOf(receipts)
  if (!run.sink.reconcile || size !== info.size) return undefined
  const pending = { size, digests: {}, session, receipts }
  const found = run.request({ operation: 'verify', side: 'sink' }, ({ signal, touch }) =>
    run.sink.reconcile!(pending, object, { ...run.context(signal), touch }),
  )
  // Where it cannot be told, it is sent again: that is right in either case.
  return unless('OUTCOME_UNKNOWN', found)
}

export const bytesOf = (receipts: readonly PartReceipt[]): number =>
  receipts.reduce((sum, { size }) => sum + size, 0)

/** The object stands there already, by an earlier run's commit. */
export function recognise(
  committed: Committed,
  receipts: readonly PartReceipt[],
  verifier: Verifier,
): Concluded {
  const size = bytesOf(receipts)
  const digests = verifier.whole()
  verifier.checkSource(digests)
  verifier.checkCommitted(size, digests, committed)
  return { committed, size, digests, parts: receipts.length }
}
