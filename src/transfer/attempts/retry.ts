import pRetry from 'p-retry'
import { TransferError } from '../../contract/errors'
import type { RetryOptions } from '../options'
import { sleep } from './sleep'

/**
 * No attempt begins later than this after the first failure, in milliseconds: with the idle timeout before and after
 * it, a transfer whose peer stays silent ends within 120 s.
 */
export const retryWindow = 45_000

/** Damage that comes back is not an outage: a source that lies, or a sink that spoils, is believed after these. */
const damageRetries = 3

/** Full jitter: anything between nothing and the bound, so that many clients do not come back at the same moment. */
export function backoffDelay(
  attempt: number,
  { minDelay, maxDelay }: Required<RetryOptions>,
  random = Math.random(),
): number {
  // The exponent is bounded because 0 * Infinity is no number, and no number is below the window's end.
  return Math.floor(random * Math.min(maxDelay, minDelay * 2 ** Math.min(attempt - 1, 30)))
}

export interface Failure {
  /** The attempt that failed, from 1. */
  readonly attempt: number
  readonly delayMs: number
  readonly error: TransferError
}

/**
 * Waits before the next attempt, at least for the delay. Rejects when the signal fires.
 * @returns milliseconds beyond the delay that do not count as an outage
 */
export type Pause = (failure: Failure) => Promise<number>

/** Says of each failure whether, and when, it may be tried again. */
export class RetryAllowance {
  readonly #options: Required<RetryOptions>
  readonly #enough: number
  #failures = 0
  #damages = 0
  #firstFailure: number | undefined
  /** Bytes since the first failure. */
  #moved = 0

  /** @param enough bytes after which what failed before does not count any more */
  constructor(options: Required<RetryOptions>, enough = 1) {
    this.#options = options
    this.#enough = enough
  }

  /** Undefined where it must not be tried again. */
  take(error: TransferError): Failure | undefined {
    if (error.retry !== 'temporary' || this.#failures === this.#options.retries) return undefined
    this.#firstFailure ??= performance.now()
    if (isDamage(error)) this.#damages += 1
    if (this.#damages > damageRetries) return undefined
    const delayMs = Math.max(backoffDelay(this.#failures + 1, this.#options), retryAfter(error))
    if (performance.now() - this.#firstFailure + delayMs > retryWindow) return undefined
    this.#failures += 1
    return { attempt: this.#failures, delayMs, error }
  }

  /** Milliseconds spent waiting while others got on are no part of an outage. */
  excuse(milliseconds: number): void {
    if (this.#firstFailure !== undefined) this.#firstFailure += milliseconds
  }

  /** It got on by so many bytes. */
  moved(bytes: number): void {
    if (this.#firstFailure === undefined) return
    this.#moved += bytes
    if (this.#moved < this.#enough) return
    this.#failures = 0
    this.#damages = 0
    this.#firstFailure = undefined
    this.#moved = 0
  }
}

/** The error of what may not be tried again. */
export function exhausted(error: TransferError): TransferError {
  return error.retry === 'temporary' ? error.with({ retry: 'exhausted' }) : error
}

/**
 * Tries until it succeeds, fails for good, or the limits are reached; the error then says `exhausted`.
 * `attempt` rejects with TransferErrors only.
 */
export async function retrying<T>(
  options: Required<RetryOptions>,
  signal: AbortSignal,
  attempt: () => Promise<T>,
  onRetry: (failure: Failure) => void,
  pause: Pause = async ({ delayMs }) => {
    await sleep(delayMs, signal)
    return 0
  },
): Promise<T> {
  const allowance = new RetryAllowance(options)
  let first: unknown
  try {
    return await attempt()
  } catch (error) {
    first = error
  }
  // What succeeds at once, as nearly all does, needs none of its machinery.
  const next = async () => {
    if (first === undefined) return attempt()
    const error = first
    first = undefined
    throw error
  }
  try {
    return await pRetry(next, {
      retries: options.retries,
      minTimeout: 0,
      shouldRetry: async ({ error }) => {
        const failure = TransferError.is(error) && !signal.aborted && allowance.take(error)
        if (!failure) return false
        onRetry(failure)
        allowance.excuse(await pause(failure))
        return true
      },
    })
  } catch (error) {
    throw TransferError.is(error) ? exhausted(error) : error
  }
}

function isDamage(error: TransferError): boolean {
  return ['TRUNCATED', 'INTEGRITY', 'SOURCE_FAILED', 'SINK_FAILED'].includes(error.code)
}

/** Milliseconds the backend asked us to wait. */
export function retryAfter(error: TransferError): number {
  const asked = error.context.retryAfter
  return typeof asked === 'number' && asked > 0 ? asked : 0
}
