import type { TransferError } from '../../contract/errors'
import { wasNeverSent } from '../../contract/network-codes'
import type { Attempt } from '../attempts/attempt'

/** Requests to make the object visible that may have done so, or may do it yet, although they failed. */
export class Outstanding {
  readonly #attempts = new Map<Attempt, 'unknown' | 'unchanged'>()

  /** It is being sent. */
  add(attempt: Attempt): void {
    this.#attempts.set(attempt, 'unknown')
  }

  failed(attempt: Attempt, error: TransferError): void {
    // What comes after the attempt was given up is no answer any more.
    if (attempt.signal.aborted) return
    const verdict = verdictOf(error)
    if (verdict === 'over') this.#attempts.clear()
    if (verdict === 'unchanged')
      for (const each of this.#attempts.keys()) this.#attempts.set(each, 'unchanged')
    // An answered request is over; one whose connection broke may still be at work.
    if (verdict === 'refused' || (verdict === 'unchanged' && error.code === 'SERVER_ERROR'))
      this.#attempts.delete(attempt)
  }

  /**
   * `'none'`: the destination is unchanged, and stays so. `'late'`: it was looked at and found unchanged, but a request
   * whose connection broke may still land. `'unknown'`: nobody could look.
   */
  get state(): 'none' | 'late' | 'unknown' {
    if (this.#attempts.size === 0) return 'none'
    return [...this.#attempts.values()].includes('unknown') ? 'unknown' : 'late'
  }
}

/**
 * What a failed attempt tells of the outcome: `'over'`, that the destination is not the new object, whatever was sent
 * before; `'unchanged'`, that it was not when the sink looked; `'refused'`, that this one changed nothing;
 * `'unknown'`, where the backend may have done its work all the same.
 */
function verdictOf(error: TransferError): 'over' | 'unchanged' | 'refused' | 'unknown' {
  if (error.context.settled === true) return 'unchanged'
  // Answers of sinks that settle a lost reply by looking: the object standing there is not the one sent.
  if (error.code === 'ALREADY_EXISTS' || error.code === 'SESSION_LOST') return 'over'
  const lost = ['CONNECTION', 'TIMEOUT', 'ABORTED', 'SERVER_ERROR', 'OUTCOME_UNKNOWN'].includes(error.code)
  return lost && !wasNeverSent(error) ? 'unknown' : 'refused'
}
