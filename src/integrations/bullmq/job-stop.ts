/**
 * Why a run of a job ends early. `returned`: the job goes back to the queue. `cancelled`: it fails for good.
 * `lock-lost`: it is another worker's now.
 */
export type StopKind = 'returned' | 'cancelled' | 'lock-lost'

/** What stops a run of a job. The first reason counts, but a lost lock before all others. */
export class JobStop {
  readonly #stop = new AbortController()
  readonly #cut = new AbortController()
  #kind: StopKind | undefined

  /** For the transfer. Its parts in flight have their grace then. */
  get signal(): AbortSignal {
    return this.#stop.signal
  }

  /** Fires where nothing is worth waiting for. */
  get cut(): AbortSignal {
    return this.#cut.signal
  }

  get kind(): StopKind | undefined {
    return this.#kind
  }

  stop(kind: StopKind, reason: unknown): void {
    if (this.#kind === undefined || kind === 'lock-lost') this.#kind = kind
    this.#stop.abort(reason)
    if (kind !== 'returned') this.#cut.abort(reason)
  }

  /** Stops as `signal` does. @returns a function that lets go of it */
  follow(signal: AbortSignal | undefined, kindOf: (reason: unknown) => StopKind): () => void {
    if (!signal) return () => {}
    const follow = () => this.stop(kindOf(signal.reason), signal.reason)
    if (signal.aborted) follow()
    signal.addEventListener('abort', follow, { once: true })
    return () => signal.removeEventListener('abort', follow)
  }
}
