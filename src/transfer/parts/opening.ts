import type { Bytes } from '../../contract/source'
import { type IdleClock, type IdleLimits, idleClock } from '../attempts/idle-clock'
import { chunkOf, discard, type Reading, startReading } from './chunks'

/** Hears of an opening, until it is over. */
export interface OpeningListener {
  /** The chunk asked for, borrowed; undefined at the end. */
  received(chunk: Uint8Array | undefined): void
  /** Failed, or silent for too long. */
  failed(error: unknown): void
}

/**
 * The source opened once. It always answers: with what the source gives, or with TIMEOUT, and what a source gives
 * after that is not heard any more. The clock runs only while a chunk is awaited, so a slow sink is not held against
 * the source. Bound once for all chunks: there are thousands in a part.
 */
export class Opening {
  readonly #controller = new AbortController()
  readonly #clock: IdleClock
  readonly #listener: OpeningListener
  #reading: Reading | undefined
  #over = false

  /** Opens, and asks for the first chunk. */
  constructor(open: (signal: AbortSignal) => Promise<Bytes>, limits: IdleLimits, listener: OpeningListener) {
    this.#listener = listener
    this.#clock = idleClock(limits, this.#failed)
    // Async, so that a source of the caller's own may also throw, or answer, without a promise.
    const opened = (async () => open(this.#controller.signal))()
    opened.then((bytes) => this.#begin(bytes)).catch(this.#failed)
  }

  /** Asks for the next chunk. */
  ask(): void {
    this.#clock.touch()
    try {
      Promise.resolve(this.#reading!.next()).then(this.#received, this.#failed)
    } catch (error) {
      this.#failed(error)
    }
  }

  /** Frees the source, whatever it is doing. */
  end(reason: unknown): void {
    if (this.#over) return
    this.#finish()
    this.#controller.abort(reason)
    this.#reading?.free()
  }

  #begin(bytes: Bytes): void {
    if (this.#over) {
      discard(bytes)
      return
    }
    this.#reading = startReading(bytes)
    this.ask()
  }

  readonly #received = (result: IteratorResult<Uint8Array, unknown>): void => {
    if (this.#over) return
    this.#clock.pause()
    try {
      const chunk = chunkOf(result)
      if (!chunk) this.#finish()
      this.#listener.received(chunk)
    } catch (error) {
      this.#listener.failed(error)
    }
  }

  readonly #failed = (error: unknown): void => {
    if (!this.#over) this.#listener.failed(error)
  }

  #finish(): void {
    this.#over = true
    this.#clock.stop()
  }
}
