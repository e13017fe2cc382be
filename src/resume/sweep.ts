import { TransferError } from '../contract/errors'
import type { Json } from '../contract/sink'
import type { Store } from '../contract/store'
import { bounded, boundedEach } from './bounded'
import { decodeCheckpoint } from './checkpoint'
import type { CheckpointStore } from './checkpoint-store'
import { checkSweepOptions } from './sweep-options'
import { holdsUnfinished, type Unfinished } from './unfinished'

export interface SweepOptions {
  /**
   * Milliseconds. What was begun later is left alone. Choose more than any transfer takes, and more than a kept one may
   * wait to be resumed: nothing else protects it. The backend's clock is compared with this machine's.
   */
  readonly olderThan: number
  /** Where transfers have their checkpoints, and under which ids: the sessions named there are known as ours. */
  readonly checkpoints?: {
    readonly store: CheckpointStore
    readonly ids: Iterable<string> | AsyncIterable<string>
  }
  /** Vouches for uploads that nothing marks as ours, as in a bucket that nobody else writes to. @default none */
  readonly isOurs?: (upload: SweptUpload) => boolean
  /** Only say what would be aborted. @default false */
  readonly dryRun?: boolean
  readonly signal?: AbortSignal
}

export interface SweptUpload {
  /** On a disk the first 100 bytes of its last name. */
  readonly key: string
  /** What the backend calls it; on a disk the path of the staged file below the root. */
  readonly uploadId: string
  /** When it was begun; on a disk, where nothing says so, when it was last written to. */
  readonly began: Date
}

export interface KeptUpload extends SweptUpload {
  /** `'young'`: begun, or used by this process, too lately. `'unknown'`: nothing says that sluiceway began it. */
  readonly reason: 'young' | 'unknown'
}

export interface FailedSweep extends SweptUpload {
  readonly error: TransferError
}

export interface SweepResult {
  /** In a dry run: those that would be. */
  readonly aborted: readonly SweptUpload[]
  readonly kept: readonly KeptUpload[]
  /** Those that could not be aborted: sweep again. */
  readonly failed: readonly FailedSweep[]
}

/** Milliseconds until the next page, or the end of one abort, is no longer waited for. */
const patience = 60_000

/**
 * Aborts what killed transfers have left half-written, and nothing that sluiceway did not begin.
 *
 * What is recognised depends on what a backend can show:
 * - **disk**: staged files and their journals, by their names (`.sluiceway-<16 hex digits>...`).
 * - **memory**: everything; nobody else can write there.
 * - **Ceph and COS** list of a multipart upload its key, id, time, owner and storage class, and nothing that its creator
 *   could mark. (Metadata and tags of an upload cannot be read, and a part that served as a mark would have to be part
 *   of the object.) So an upload is known as ours where this process began it, where one of the `checkpoints` names
 *   it, or where `isOurs` vouches for it; any other is kept and reported as `'unknown'`. A transfer that was killed
 *   without a checkpoint leaves such a one: give transfers checkpoints, or let a lifecycle rule of the bucket abort
 *   incomplete uploads.
 *
 * A transfer whose upload is swept fails with SESSION_LOST; one that resumes later starts afresh. Checkpoints are read
 * and not changed.
 *
 * @throws INVALID_OPTION, UNSUPPORTED for a store of another kind, ABORTED, and whatever fails while listing; a failed
 * abort is in the result instead
 * @example
 * const { aborted } = await sweep(store, { olderThan: 7 * 24 * 3600 * 1000, checkpoints: { store: checkpoints, ids } })
 */
export async function sweep(store: Store, options: SweepOptions): Promise<SweepResult> {
  checkSweepOptions(options)
  if (!holdsUnfinished(store)) {
    const message = 'sweep() was given a store that cannot list what is half-written in it.'
    throw new TransferError('UNSUPPORTED', message, { context: { store: store?.name } })
  }
  const { olderThan, isOurs, dryRun = false, signal } = options
  const about = { location: store.name, patience, signal }
  const sessions = await sessionsOf(options)
  const aborted: SweptUpload[] = []
  const kept: KeptUpload[] = []
  const failed: FailedSweep[] = []

  const latest = Date.now() - olderThan
  // All of them first: a listing whose entries vanish between two pages may leave some out.
  const due: Unfinished[] = []
  for await (const found of boundedEach(about, (context) => store.unfinished(context))) {
    const upload = describe(found)
    const young = found.began.getTime() > latest || (found.used?.getTime() ?? 0) > latest
    const ours = () => found.ours || sessions.some((state) => found.matches(state)) || isOurs?.(upload)
    if (!ours()) kept.push({ ...upload, reason: 'unknown' })
    else if (young) kept.push({ ...upload, reason: 'young' })
    else due.push(found)
  }
  for (const found of due) {
    try {
      if (!dryRun) await bounded(about, (context) => found.abort(context))
      aborted.push(describe(found))
    } catch (error) {
      if (signal?.aborted || !TransferError.is(error)) throw error
      failed.push({ ...describe(found), error })
    }
  }
  return { aborted, kept, failed }
}

const describe = ({ key, uploadId, began }: Unfinished): SweptUpload => ({ key, uploadId, began })

async function sessionsOf({ checkpoints }: SweepOptions): Promise<Json[]> {
  const sessions: Json[] = []
  for await (const id of checkpoints?.ids ?? []) {
    const checkpoint = decodeCheckpoint(await checkpoints?.store.load(id))
    if (checkpoint) sessions.push(checkpoint.session)
  }
  return sessions
}
