import { TransferError } from '../contract/errors'
import { maxTimer } from './options'

/** One try of one request. */
export interface Attempt {
  /** Fires when the try is over for any reason but success. Its reason is a TransferError. */
  readonly signal: AbortSignal
  /** Something moved: the idle clock starts again. */
  touch(): void
  /** Ends the try with this error, though the adapter may never settle (some SDK calls do not). */
  fail(error: TransferError): void
}

export interface AttemptLimits {
  readonly signal: AbortSignal
  /** Milliseconds without a `touch` after which the try ends with TIMEOUT. */
  readonly idle: number
  /** Names what is awaited, for the message. */
  readonly waitingFor: string
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
  const result = (async () =>
    work({ signal: controller.signal, touch: clock.touch, fail: (error) => controller.abort(error) }))()
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

/** How late a timer may fire before we take it that the process itself stood still (blocked loop, frozen container). */
const stoodStill = 1000

function idleClock({ idle, waitingFor }: AttemptLimits, expire: (error: TransferError) => void) {
  let moved = performance.now()
  let due = moved + idle
  const check = () => {
    const now = performance.now()
    // The peer is not silent when it was us who could not listen: it gets a full period after the standstill.
    if (now - due > stoodStill) moved = now
    const left = moved + idle - now
    if (left > 0) {
      due = now + left
      timer = setTimeout(check, Math.min(left, maxTimer))
      return
    }
    expire(
      new TransferError('TIMEOUT', `${waitingFor} stayed silent for ${idle} ms (timeouts.idle).`, {
        retry: 'temporary',
        context: { idle },
      }),
    )
  }
  let timer = setTimeout(check, Math.min(idle, maxTimer))
  return {
    touch: () => {
      moved = performance.now()
    },
    stop: () => clearTimeout(timer),
  }
}
