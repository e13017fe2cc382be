import { Readable } from 'node:stream'
import type { DirectConnection } from './connection'

/**
 * The body of a direct response. Iterated, it lends out the connection's own buffers: a chunk is valid until the next
 * one is asked for. Read in any other way it is an ordinary Readable, and copies.
 */
export class DirectBody extends Readable {
  readonly #connection: DirectConnection
  readonly #whole: () => void
  #ended = false

  /** @param whole called when the last byte has been read, so that the connection can serve again */
  constructor(connection: DirectConnection, whole: () => void) {
    super({ autoDestroy: true })
    this.#connection = connection
    this.#whole = whole
  }

  override [Symbol.asyncIterator](): NodeJS.AsyncIterator<Uint8Array, undefined> {
    const iterator = {
      next: async (): Promise<IteratorResult<Uint8Array, undefined>> => {
        const bytes = await this.#next()
        return bytes ? { done: false, value: bytes } : { done: true, value: undefined }
      },
      return: async (): Promise<IteratorResult<Uint8Array, undefined>> => {
        this.destroy()
        return { done: true, value: undefined }
      },
      [Symbol.asyncIterator]: () => iterator,
      [Symbol.asyncDispose]: async () => void this.destroy(),
    }
    return iterator
  }

  override _read(): void {
    this.#next().then(
      (bytes) => this.push(bytes ? Buffer.from(bytes) : null),
      (error) => this.destroy(error),
    )
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.#ended) this.#connection.destroy()
    this.#ended = true
    done(error)
  }

  async #next(): Promise<Uint8Array | undefined> {
    if (this.#ended) return undefined
    const bytes = await this.#connection.next()
    if (bytes || this.#ended) return bytes
    this.#ended = true
    this.#whole()
    // Tells whoever waits for the end of the response; an iterated Readable would not know of it.
    if (this.readableFlowing === null) this.destroy()
    return undefined
  }
}
