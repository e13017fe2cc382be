/** Work that goes on after the call that caused it, and that closing the store awaits. */
export class Background {
  readonly #running = new Set<Promise<unknown>>()
  readonly #hurry = new AbortController()

  /** Fires when the store closes: what waits for a better moment is to be done now. */
  get hurry(): AbortSignal {
    return this.#hurry.signal
  }

  /** Its failure is nobody's: the one who could act on it has gone on. */
  add(work: Promise<unknown>): void {
    const settled = work.then(
      () => {},
      () => {},
    )
    this.#running.add(settled)
    void settled.then(() => this.#running.delete(settled))
  }

  async settle(): Promise<void> {
    this.#hurry.abort()
    // The timers of the work are unref'ed; without this the process could end under an awaited `close()`.
    const alive = setInterval(() => {}, 1_000)
    while (this.#running.size > 0) await Promise.all(this.#running)
    clearInterval(alive)
  }
}

/** Resolves after `ms` milliseconds, or as soon as the signal fires. Does not keep the process alive. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    timer.unref()
    signal.addEventListener('abort', done, { once: true })
  })
}
