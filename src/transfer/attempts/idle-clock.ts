import { TransferError } from '../../contract/errors'
import { maxTimer } from '../options'

export interface IdleLimits {
  /** Milliseconds without a `touch` after which the clock expires. */
  readonly idle: number
  /** Names what is awaited, for the message. */
  readonly waitingFor: string
}

export interface IdleClock {
  /** Something moved: the clock starts again. */
  touch(): void
  /** Nobody is waited for until the next `touch`. */
  pause(): void
  /** Frees the timer. */
  stop(): void
}

/** How late a timer may fire before we take it that the process itself stood still (blocked loop, frozen container). */
const stoodStill = 1000

/** Runs from now on; expires once, with TIMEOUT, when nothing moved for too long. One timer, however often it is touched. */
export function idleClock(
  { idle, waitingFor }: IdleLimits,
  expire: (error: TransferError) => void,
): IdleClock {
  let moved: number | undefined = performance.now()
  let due = moved + idle
  const check = () => {
    const now = performance.now()
    // The peer is not silent when it was us who could not listen: it gets a full period after the standstill.
    if (moved !== undefined && now - due > stoodStill) moved = now
    const left = moved === undefined ? idle : moved + idle - now
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
    pause: () => {
      moved = undefined
    },
    stop: () => clearTimeout(timer),
  }
}
