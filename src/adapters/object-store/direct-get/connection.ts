import { connect, type Socket, type TcpNetConnectOpts } from 'node:net'
import type { Stamp } from '../../../lifecycle/freshness'
import type { Holder } from '../../../lifecycle/holder'
import type { ResponseHead } from './response-head'
import { type BufferIndex, ResponseReader } from './response-reader'

/** Bytes of a receive buffer; each connection has two. The kernel seldom has more at hand. */
const bufferSize = 256 * 1024

/** Milliseconds until the first TCP probe of a quiet connection: NAT gateways forget one after 350 s. */
const keepAliveInitialDelay = 60_000

export interface Endpoint {
  /** A name or an address, without brackets. */
  readonly host: string
  readonly port: number
}

/**
 * A plain HTTP/1.1 connection that reads into two buffers of its own, again and again. Node's client allocates a
 * buffer for every 64 KiB and hands it through several streams, which costs more than the rest of a transfer together.
 */
export class DirectConnection {
  readonly endpoint: Endpoint
  readonly stamp: Stamp
  readonly #socket: Socket
  readonly #buffers = [Buffer.allocUnsafeSlow(bufferSize), Buffer.allocUnsafeSlow(bufferSize)] as const
  /** Buffers whose bytes have not been read yet. */
  readonly #taken: [boolean, boolean] = [false, false]
  /**
   * The buffer the socket fills, or will fill when it goes on. Changed only in the `onread` callback, after which
   * Node asks for the buffer: it asks at no other time.
   */
  #filling: BufferIndex = 0
  /** The buffer of the chunk that was handed out last. */
  #lent: BufferIndex | undefined
  #reader: ResponseReader | undefined
  #closed: Error | undefined
  #idleTimer: NodeJS.Timeout | undefined
  #givenUp = false
  #idleSince = Number.POSITIVE_INFINITY
  #holder: Holder | undefined
  #forgetSignal: (() => void) | undefined

  constructor(endpoint: Endpoint, stamp: Stamp, connectTimeout: number) {
    this.endpoint = endpoint
    this.stamp = stamp
    const onread = {
      buffer: () => this.#buffers[this.#filling],
      callback: (length: number) => this.#received(length),
    }
    const settings = { ...endpoint, noDelay: true, keepAlive: true, keepAliveInitialDelay, onread }
    // The types have `onread` in the options of a Socket alone.
    this.#socket = connect(settings as TcpNetConnectOpts)
    const late = setTimeout(() => {
      const message = `No connection to ${endpoint.host}:${endpoint.port} within ${connectTimeout} ms`
      this.#socket.destroy(Object.assign(new Error(message), { code: 'ETIMEDOUT' }))
    }, connectTimeout)
    this.#socket.once('connect', () => clearTimeout(late))
    this.#socket.on('error', (error) => this.#close(error))
    this.#socket.on('close', () => {
      clearTimeout(late)
      this.#close(Object.assign(new Error('The connection was closed'), { code: 'ECONNRESET' }))
    })
  }

  /** It rests, and another request may be sent. */
  get usable(): boolean {
    return this.#reader === undefined && !this.#socket.destroyed
  }

  /** When it came to rest, by the monotonic clock; never, while it is in use. */
  get idleSince(): number {
    return this.#reader ? Number.POSITIVE_INFINITY : this.#idleSince
  }

  /** From now on it is used on behalf of this store. */
  heldBy(holder: Holder | undefined): void {
    if (holder) holder.take(this, this.#holder)
    else this.#holder?.release(this)
    this.#holder = holder
  }

  onClose(listener: (hadError: boolean) => void): void {
    this.#socket.once('close', listener)
  }

  /**
   * Sends a request without a body, and gives the head of the response. Rejects with InDoubt or an error of the
   * network. The signal closes the connection at any time until it rests.
   */
  request(text: string, signal?: AbortSignal): Promise<ResponseHead> {
    clearTimeout(this.#idleTimer)
    const stop = () => this.destroy()
    signal?.addEventListener('abort', stop, { once: true })
    this.#forgetSignal = () => signal?.removeEventListener('abort', stop)
    this.#reader = new ResponseReader()
    this.#socket.ref()
    if (this.#closed) this.#close(this.#closed)
    else this.#socket.write(text, 'latin1')
    return this.#reader.head()
  }

  /** The next bytes of the body, valid until the next call; undefined at the end. */
  async next(): Promise<Uint8Array | undefined> {
    this.#giveBack()
    const chunk = await this.#reader?.next()
    this.#lent = chunk?.buffer
    return chunk?.bytes
  }

  /** After a whole response: waits for another request, at most so many milliseconds, and keeps no process alive. */
  rest(maxIdle: number): void {
    this.#forgetSignal?.()
    this.#reader = undefined
    this.#socket.unref()
    this.#idleSince = performance.now()
    this.#idleTimer = setTimeout(() => this.destroy(), maxIdle).unref()
  }

  /** It was given up on this side. */
  get givenUp(): boolean {
    return this.#givenUp
  }

  destroy(): void {
    this.#givenUp = true
    this.#socket.destroy()
  }

  /** The socket has put bytes into its buffer; `false` makes it pause. */
  #received(length: number): boolean {
    const reader = this.#reader
    if (!reader || reader.complete) {
      // Bytes that nobody asked for: such a peer is not asked again.
      this.#socket.destroy()
      return false
    }
    const current = this.#filling
    this.#taken[current] = reader.receive(this.#buffers[current].subarray(0, length), current)
    if (reader.surplus) this.#socket.destroy()
    if (!this.#taken[current]) return true
    const other = current === 0 ? 1 : 0
    if (this.#taken[other]) return false
    this.#filling = other
    return true
  }

  #giveBack(): void {
    if (this.#lent === undefined) return
    this.#taken[this.#lent] = false
    this.#lent = undefined
    // A paused socket goes on with the buffer it filled last, so both must have been read by then. After a whole body
    // it always reads, and so notices that the peer closes an idle connection.
    if (!this.#taken[this.#filling]) this.#socket.resume()
  }

  #close(error: Error): void {
    this.#closed ??= error
    this.#holder?.release(this)
    clearTimeout(this.#idleTimer)
    this.#forgetSignal?.()
    this.#reader?.fail(this.#closed)
  }
}
