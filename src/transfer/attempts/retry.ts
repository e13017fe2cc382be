import pRetry from 'p-retry'
import { TransferError } from '../contract/errors'
import type { RetryOptions } from './options'
import { sleep } from './sleep'

/**
 * No attempt begins later than this after the first failure, in milliseconds: with the idle timeout before and after
 * it, a transfer whose peer stays silent ends within 120 s.
 */
const retryWindow = 45_000

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
 * Tries until it succeeds, fails for good, or the limits are reached; the error then says `exhausted`.
 * `attempt` rejects with TransferErrors only.
 */
export async function retrying<T>(
  options: Required<RetryOptions>,
  signal: AbortSignal,
  attempt: () => Promise<T>,
  onRetry: (failure: Failure) => void,
): Promise<T> {
  let firstFailure: number | undefined
  let damages = 0
  try {
    return await pRetry(attempt, {
      retries: options.retries,
      minTimeout: 0,
      shouldRetry: async ({ error, attemptNumber }) => {
        if (!TransferError.is(error) || error.retry !== 'temporary' || signal.aborted) return false
        firstFailure ??= performance.now()
        if (isDamage(error)) damages += 1
        if (damages > damageRetries) return false
        const delayMs = Math.max(backoffDelay(attemptNumber, options), retryAfter(error))
        if (performance.now() - firstFailure + delayMs > retryWindow) return false
        onRetry({ attempt: attemptNumber, delayMs, error })
        await sleep(delayMs, signal)
        return true
      },
    })
  } catch (error) {
    throw TransferError.is(error) && error.retry === 'temporary' ? error.with({ retry: 'exhausted' }) : error
  }
}

function isDamage(error: TransferError): boolean {
  return ['TRUNCATED', 'INTEGRITY', 'SOURCE_FAILED', 'SINK_FAILED'].includes(error.code)
}

/** Milliseconds the backend asked us to wait. */
function retryAfter(error: TransferError): number {
  const asked = error.context.retryAfter
  return typeof asked === 'number' && asked > 0 ? asked : 0
}
