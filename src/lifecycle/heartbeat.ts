/** Milliseconds between two beats. */
const interval = 1000

/** How many milliseconds late a beat may be before we take it that the process stood still. */
const tolerance = 1000

/**
 * Notices that the process stood still: a stopped container, a frozen function, a laptop asleep, a blocked event loop.
 * Whatever servers did meanwhile has not been read yet. It can be asked at any time, because the first code that runs
 * after a standstill may well come before any timer.
 */
export class Heartbeat {
  #timer: NodeJS.Timeout | undefined
  /** The monotonic clock stops while a machine sleeps; that of the wall can be set back. Neither alone will do. */
  #monotonic = 0
  #wall = 0

  /** @param onStandstill called from the timer */
  constructor(private readonly onStandstill: () => void) {}

  /** Beats from the first use on, and keeps no process alive. */
  start(): void {
    if (this.#timer) return
    this.#beat()
    this.#timer = setInterval(() => {
      if (this.stoodStill()) this.onStandstill()
      this.#beat()
    }, interval).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** Since the last beat. Says so once for each standstill. */
  stoodStill(): boolean {
    if (!this.#timer) return false
    const passed = Math.max(performance.now() - this.#monotonic, Date.now() - this.#wall)
    if (passed <= interval + tolerance) return false
    this.#beat()
    return true
  }

  #beat(): void {
    this.#monotonic = performance.now()
    this.#wall = Date.now()
  }
}
