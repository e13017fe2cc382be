import type { TransferError } from '../../contract/errors'
import { aborted } from './errors'

/**
 * Ends one call from outside: by its signal, or by whoever holds it. One listener serves the whole call: a listener
 * for each chunk costs time, and racing every chunk against one long-lived promise holds memory for each.
 */
export class Interrupt {
  #error: TransferError | undefined
  #fired: ((error: TransferError) => void) | undefined
  readonly #dispose: () => void

  constructor(signal: AbortSignal | undefined, location: string) {
    const listener = () => this.fire(aborted(signal as AbortSignal, location))
    if (signal?.aborted) this.#error = aborted(signal, location)
    else signal?.addEventListener('abort', listener, { once: true })
    this.#dispose = () => signal?.removeEventListener('abort', listener)
  }

  /** The first one counts. */
  fire(error: TransferError): void {
    if (this.#error) return
    this.#error = error
    this.#fired?.(error)
  }

  check(): void {
    if (this.#error) throw this.#error
  }

  /** Settles as `promise` does, or rejects when the interrupt fires. One at a time. */
  race<T>(promise: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#fired = reject
      promise.then(resolve, reject)
      if (this.#error) reject(this.#error)
    })
  }

  dispose(): void {
    this.#dispose()
  }
}
