import type { TransferError } from '../../contract/errors'
import { type IdleLimits, idleClock } from './idle-clock'

/** One try of one request. */
export interface Attempt {
  /** Fires when the try is over for any reason but success. Its reason is a TransferError. */
  readonly signal: AbortSignal
  /** Something moved: the idle clock starts again. */
  touch(): void
  /** Stops the idle clock until the next `touch`: what is awaited now has a clock of its own. */
  pause(): void
  /** Ends the try with this error, though the adapter may never settle (some SDK calls do not). */
  fail(error: TransferError): void
}

export interface AttemptLimits extends IdleLimits {
  readonly signal: AbortSignal
}

/**
 * Runs `work` so that it always settles: on its own, when the signal fires, or when nothing moved for too long.
 * `late` gets what `work` brings after all when nobody waits any more, to give it back.
 */
export async function attempt<T>(
  limits: AttemptLimits,
  work: (attempt: Attempt) => Promise<T>,
  late?: (result: T) => void,
): Promise<T> {
  const controller = new AbortController()
  const over = new Promise<never>((_, reject) => {
    controller.signal.addEventListener('abort', () => reject(controller.signal.reason), { once: true })
  })
  const stop = () => controller.abort(limits.signal.reason)
  if (limits.signal.aborted) throw limits.signal.reason
  limits.signal.addEventListener('abort', stop, { once: true })
  const clock = idleClock(limits, (error) => controller.abort(error))
  // Async, so that an adapter of the caller's own may also throw, or answer, without a promise.
  const { signal } = controller
  const { touch, pause } = clock
  const result = (async () => work({ signal, touch, pause, fail: (error) => controller.abort(error) }))()
  try {
    return await Promise.race([result, over])
  } catch (error) {
    // Frees whatever the failed try still holds open, such as the source's half of a part its sink refused.
    controller.abort(error)
    result.then(late).catch(() => {})
    throw error
  } finally {
    over.catch(() => {})
    clock.stop()
    limits.signal.removeEventListener('abort', stop)
  }
}
