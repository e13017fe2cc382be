import { OutgoingMessage } from 'node:http'
import { Readable, Writable } from 'node:stream'
import { TransferError } from '../../contract/errors'
import type { Bytes } from '../../contract/source'

/**
 * A request body for either SDK, made of borrowed chunks. Both SDKs call `pipe`, which here writes each chunk
 * straight to the request and asks for the next one only when the write has been taken: no chunk is copied, and
 * none is held when its source reuses the buffer. Read in any other way it is an ordinary Readable, and copies.
 *
 * Destroy it as soon as the request has settled, whatever the outcome: after an early error reply nobody reads the
 * rest, and the source and the socket would be held for ever.
 */
export function requestBody(bytes: Bytes, options: RequestBodyOptions = {}): RequestBody {
  return new BytesReadable(bytes, options.size)
}

export interface RequestBodyOptions {
  /**
   * Bytes announced to the peer. Fewer are TRUNCATED (the peer would wait for the rest for ever), more INTEGRITY (it
   * would take them for the next request). @default not looked at
   */
  readonly size?: number
}

export interface RequestBody extends Readable {
  /**
   * Resolves when the last byte has been handed over. Rejects when the source fails, and when the body is destroyed
   * or the request breaks before that. Need not be listened to.
   */
  readonly finished: Promise<void>
  /** What the source threw, if it was the source that failed; then this, not the request's error, is the cause. */
  readonly sourceError: unknown
}

/** What the SDKs pipe into: an `http.ClientRequest`, or the request object of cos-request, which is no Writable. */
type Destination = NodeJS.WritableStream & { abort?(): void }

class BytesReadable extends Readable implements RequestBody {
  sourceError: unknown
  readonly finished: Promise<void>
  readonly #bytes: Bytes
  readonly #size: number | undefined
  #pulled = 0
  #iterator: AsyncIterator<Uint8Array> | undefined
  #destination: Destination | undefined
  /** Nothing is left to pull or to hand over. */
  #complete = false
  #wake: (() => void) | undefined
  #settle!: { resolve(): void; reject(error: unknown): void }

  constructor(bytes: Bytes, size: number | undefined) {
    super({ autoDestroy: true })
    this.#bytes = bytes
    this.#size = size
    this.finished = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    this.finished.catch(() => {})
    // The COS SDK begins to listen late (after asking for credentials); an error until then must not end the process.
    this.on('error', () => {})
  }

  override pipe<T extends NodeJS.WritableStream>(destination: T, options: { end?: boolean } = {}): T {
    this.#destination = destination
    // The error of the connection is kept: with one of our own in its place it would not be known for a broken line.
    const stop = (error?: Error) => this.destroy(error)
    // cos-request says `abort` where a ClientRequest says `close`, and then answers no write any more.
    for (const event of ['close', 'error', 'abort']) destination.once(event, stop)
    this.once('close', () => {
      for (const event of ['close', 'abort']) destination.removeListener(event, stop)
    })
    // cos-request ends the request at once unless it is told that a body is coming.
    destination.emit('pipe', this as unknown as Readable)
    if (this.destroyed) this.#reportAgain(destination)
    else void this.#pump(destination, options.end !== false)
    return destination
  }

  async #pump(destination: Destination, end: boolean): Promise<void> {
    for (;;) {
      const chunk = await this.#pull()
      if (this.destroyed) return
      if (!chunk) break
      if (!(await this.#write(destination, chunk))) return
    }
    this.#complete = true
    if (end) destination.end()
    this.#settle.resolve()
    this.destroy()
  }

  /** The next chunk that is not empty; undefined at the end, and after a failure, when `destroyed` is true. */
  async #pull(): Promise<Uint8Array | undefined> {
    try {
      this.#iterator ??= this.#bytes[Symbol.asyncIterator]()
      for (;;) {
        const next = await this.#iterator.next()
        if (!next.done) this.#pulled += next.value.byteLength
        this.#checkSize(next.done === true)
        if (next.done) return undefined
        if (next.value.byteLength > 0) return next.value
      }
    } catch (error) {
      if (!this.destroyed) {
        this.sourceError = error
        this.destroy(error instanceof Error ? error : new Error(String(error)))
      }
      return undefined
    }
  }

  #checkSize(done: boolean): void {
    if (this.#size === undefined || this.destroyed) return
    const context = { expected: this.#size, received: this.#pulled }
    if (done && this.#pulled < this.#size) {
      const message = `The body ended after ${this.#pulled} of ${this.#size} bytes.`
      throw new TransferError('TRUNCATED', message, { context })
    }
    if (this.#pulled > this.#size) {
      throw new TransferError('INTEGRITY', `The body has more than the ${this.#size} bytes stated.`, {
        context,
      })
    }
  }

  /** Resolves to false where the request is gone. Its write callbacks may then never be called. */
  #write(destination: Destination, chunk: Uint8Array): Promise<boolean> {
    return new Promise((resolve) => {
      this.#wake = () => resolve(false)
      destination.write(chunk, (error) => {
        if (error) this.destroy(error)
        resolve(!this.destroyed)
      })
    })
  }

  override _read(): void {
    void this.#pull().then((chunk) => {
      if (this.destroyed) return
      if (chunk) {
        this.push(Buffer.from(chunk))
        return
      }
      this.#complete = true
      this.push(null)
      this.#settle.resolve()
    })
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const complete = this.#complete
    this.#complete = true
    this.#settle.reject(error ?? new Error('The request ended before its body.'))
    this.#wake?.()
    if (!complete) this.#release()
    if (this.#destination && (error || !complete)) abandon(this.#destination, error)
    done(error)
  }

  #release(): void {
    const bytes = this.#bytes as Bytes & { destroy?: unknown }
    // The iterator of a Readable does not destroy it before the first pull, nor while a pull waits for a silent source.
    if (typeof bytes.destroy === 'function') bytes.destroy()
    this.#iterator ??= bytes[Symbol.asyncIterator]()
    void Promise.resolve(this.#iterator.return?.()).catch(() => {})
  }

  /** The error was emitted before the SDK listened; without it the COS SDK would wait for ever. */
  #reportAgain(destination: Destination): void {
    abandon(destination, this.errored)
    process.nextTick(() =>
      this.emit('error', this.errored ?? new Error('The body was destroyed before its request.')),
    )
  }
}

/** Ends a request whose body will not be completed: the peer waits for the missing bytes, and holds the socket. */
function abandon(destination: Destination, error: Error | null): void {
  if (destination instanceof OutgoingMessage || destination instanceof Writable) {
    if (!destination.destroyed) destination.destroy(error ?? new Error('The request body was destroyed.'))
  } else {
    // cos-request: its `destroy` would end the request as if the body were complete.
    destination.abort?.()
  }
}
