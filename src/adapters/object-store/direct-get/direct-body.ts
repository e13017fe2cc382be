import { Readable } from 'node:stream'
import type { DirectConnection } from './connection'

/**
 * The body of a direct response. Iterated, it lends out the connection's own buffers: a chunk is valid until the next
 * one is asked for. Read in any other way it is an ordinary Readable, and copies.
 */
export class DirectBody extends Readable {
  readonly #connection: DirectConnection
  readonly #onWhole: () => void
  #whole = false
  #copies = false

  /** @param onWhole called when the last byte has been read, so that the connection can serve again */
  constructor(connection: DirectConnection, onWhole: () => void) {
    super()
    this.#connection = connection
    this.#onWhole = onWhole
  }

  override [Symbol.asyncIterator](): NodeJS.AsyncIterator<Uint8Array, undefined> {
    // Some bytes may be in the queue of the Readable already.
    if (this.#copies) return super[Symbol.asyncIterator]()
    let over = false
    /** Tells whoever waits for the 'close' of the response; an iterated Readable would not know. */
    const end = (): IteratorReturnResult<undefined> => {
      over = true
      this.destroy()
      return { done: true, value: undefined }
    }
    const iterator: NodeJS.AsyncIterator<Uint8Array, undefined> = {
      next: async () => {
        if (over) return end()
        try {
          const value = await this.#next()
          return value ? { done: false, value } : end()
        } catch (error) {
          end()
          throw error
        }
      },
      return: async () => end(),
      [Symbol.asyncIterator]: () => iterator,
      [Symbol.asyncDispose]: async () => void end(),
    }
    return iterator
  }

  override _read(): void {
    this.#copies = true
    this.#next().then(
      (bytes) => this.push(bytes ? Buffer.from(bytes) : null),
      (error) => this.destroy(error),
    )
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.#whole) this.#connection.destroy()
    done(error)
  }

  async #next(): Promise<Uint8Array | undefined> {
    if (this.#whole) return undefined
    // What lies in the buffers of a connection that was given up is not the end of the body.
    if (this.destroyed) throw prematureClose()
    const bytes = await this.#connection.next()
    if (bytes) return bytes
    this.#whole = true
    this.#onWhole()
    return undefined
  }
}

const prematureClose = () =>
  Object.assign(new Error('The body was closed before its end'), { code: 'ERR_STREAM_PREMATURE_CLOSE' })
