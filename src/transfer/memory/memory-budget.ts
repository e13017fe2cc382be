interface Waiting {
  readonly bytes: number
  readonly grant: () => void
}

export type Release = () => void

/** Bytes that may be held at once. First come, first served, so that a large request is not starved by small ones. */
export class MemoryBudget {
  #total: number
  #held = 0
  readonly #queue: Waiting[] = []

  constructor(total: number) {
    this.#total = total
  }

  get total(): number {
    return this.#total
  }

  set total(total: number) {
    this.#total = total
    this.#serve()
  }

  /** Bytes held now. */
  get held(): number {
    return this.#held
  }

  /**
   * Waits until `bytes` are free. A request for more than there is in all waits for all of it, so it cannot hang.
   * @throws the signal's reason, when it fires first
   */
  acquire(bytes: number, signal: AbortSignal): Promise<Release> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      const waiting: Waiting = {
        bytes,
        grant: () => {
          signal.removeEventListener('abort', giveUp)
          resolve(this.#take(bytes))
        },
      }
      const giveUp = () => {
        this.#queue.splice(this.#queue.indexOf(waiting), 1)
        this.#serve()
        reject(signal.reason)
      }
      signal.addEventListener('abort', giveUp, { once: true })
      this.#queue.push(waiting)
      this.#serve()
    })
  }

  /** Takes what is free at once and nobody waits for; undefined where there is not enough. */
  tryAcquire(bytes: number): Release | undefined {
    return this.#queue.length === 0 && this.#fits(bytes) ? this.#take(bytes) : undefined
  }

  #take(bytes: number): Release {
    this.#held += bytes
    let released = false
    return () => {
      if (released) return
      released = true
      this.#held -= bytes
      this.#serve()
    }
  }

  #serve(): void {
    for (let next = this.#queue[0]; next && this.#fits(next.bytes); next = this.#queue[0]) {
      this.#queue.shift()
      next.grant()
    }
  }

  #fits(bytes: number): boolean {
    return this.#held === 0 || this.#held + bytes <= this.#total
  }
}
