import { retryWindow } from '../attempts/retry'
import { type ConcurrencyChange, ConcurrencyController, type Start } from './concurrency'
import type { ConcurrencyRange } from './concurrency-range'

interface Waiting {
  readonly start: () => void
}

/**
 * The places for parts in flight, as many as the backend bears. A part that waits before it is tried again gives its
 * place back; when it comes again it goes before those that have not begun.
 */
export class PartSlots {
  readonly #controller: ConcurrencyController
  readonly #onChange: (change: ConcurrencyChange) => void
  readonly #again: Waiting[] = []
  readonly #first: Waiting[] = []
  #taken = 0
  #pausedUntil = 0
  #timer: NodeJS.Timeout | undefined
  /** Parts that have arrived: whoever waits while it grows waits for no outage. */
  arrivals = 0

  constructor(range: ConcurrencyRange, onChange: (change: ConcurrencyChange) => void) {
    this.#controller = new ConcurrencyController(range)
    this.#onChange = onChange
  }

  /** Places in all. */
  get concurrency(): number {
    return this.#controller.concurrency
  }

  /** Waits for a place. Rejects with the signal's reason when it fires first. */
  enter(signal: AbortSignal): Promise<void> {
    return this.#wait(this.#first, signal)
  }

  /** The same for a part that has been in flight before. */
  enterAgain(signal: AbortSignal): Promise<void> {
    return this.#wait(this.#again, signal)
  }

  /** Takes a place that nobody waits for. @returns false where there is none */
  tryEnter(): boolean {
    if (this.#again.length + this.#first.length > 0 || !this.#isFree(performance.now())) return false
    this.#taken += 1
    return true
  }

  leave(): void {
    this.#taken -= 1
    this.#serve()
  }

  /**
   * The backend refused what began at `startedAt`.
   * @param retryAfter milliseconds it asked for: until they have passed nothing begins
   */
  throttled(startedAt: number, retryAfter: number): void {
    const now = performance.now()
    // A longer pause ends the part that was told to make it, and with it the transfer.
    this.#pausedUntil = Math.max(this.#pausedUntil, now + Math.min(retryAfter, retryWindow))
    this.#tell(this.#controller.throttled(startedAt, now))
  }

  /** To be handed back when what is sent now has arrived. */
  start(): Start {
    return { startedAt: performance.now(), inFlight: this.#taken }
  }

  arrived(start: Start, bytes: number): void {
    this.arrivals += 1
    this.#tell(this.#controller.arrived({ ...start, now: performance.now(), bytes }))
    this.#serve()
  }

  #wait(queue: Waiting[], signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      const waiting: Waiting = {
        start: () => {
          signal.removeEventListener('abort', giveUp)
          resolve()
        },
      }
      const giveUp = () => {
        queue.splice(queue.indexOf(waiting), 1)
        this.#serve()
        reject(signal.reason)
      }
      signal.addEventListener('abort', giveUp, { once: true })
      queue.push(waiting)
      this.#serve()
    })
  }

  #serve(): void {
    // Asked once: if the pause ended between two looks at the clock, nobody would be served and no timer be set.
    const now = performance.now()
    while (this.#isFree(now)) {
      const next = this.#again.shift() ?? this.#first.shift()
      if (!next) break
      this.#taken += 1
      next.start()
    }
    this.#wake(now)
  }

  /** A clock for the end of the pause, only while somebody waits for it. */
  #wake(now: number): void {
    clearTimeout(this.#timer)
    const pause = this.#pausedUntil - now
    if (pause <= 0 || this.#again.length + this.#first.length === 0) return
    this.#timer = setTimeout(() => this.#serve(), Math.ceil(pause))
  }

  #isFree(now: number): boolean {
    return this.#taken < this.#controller.concurrency && now >= this.#pausedUntil
  }

  #tell(change: ConcurrencyChange | undefined): void {
    if (change) this.#onChange(change)
  }
}
