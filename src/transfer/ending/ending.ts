import type { Committed, NewObject, PendingObject, WriteSession } from '../../contract/sink'
import type { Digests } from '../../contract/source'
import type { TransferResult } from '../result'
import type { Run } from '../run'

/** A transfer whose object stands at the destination. */
export interface Concluded {
  readonly committed: Committed
  readonly size: number
  readonly digests: Digests
  readonly parts: number
}

/** What the end of a transfer needs of it, beside its bytes. */
export interface Ending {
  readonly object: NewObject
  /** What the transfer resolves with; called once at most. */
  result(concluded: Concluded): TransferResult
  /**
   * Called once, and awaited, when `error.reconcile()` of a transfer that ended as OUTCOME_UNKNOWN has found out:
   * the object stands there, or nothing of it does and its session has been aborted.
   */
  onSettled?(outcome: 'committed' | 'unchanged'): Promise<void> | void
}

/** A commit or a put under way: what is to be made, and how to find out whether it was. */
export interface Landing {
  readonly run: Run
  readonly operation: 'commit' | 'put'
  readonly pending: PendingObject
  readonly ending: Ending
  /** That of a commit. */
  readonly session?: WriteSession
  /** Compares what the sink says of the object with what was sent. @throws INTEGRITY */
  conclude(committed: Committed): Concluded
}
