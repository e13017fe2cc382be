import { connect, type Socket } from 'node:net'
import type { ResponseHead } from './response-head'
import { type BufferIndex, ResponseReader } from './response-reader'

/** Bytes of a receive buffer; each connection has two. The kernel seldom has more at hand. */
const bufferSize = 256 * 1024

/** Milliseconds until the first TCP probe of a quiet connection: NAT gateways forget one after 350 s. */
const keepAliveInitialDelay = 60_000

export interface Endpoint {
  readonly host: string
  readonly port: number
}

/**
 * A plain HTTP/1.1 connection that reads into two buffers of its own, again and again. Node's client allocates a
 * buffer for every 64 KiB and hands it through several streams, which costs more than the rest of a transfer together.
 */
export class DirectConnection {
  readonly #socket: Socket
  readonly #buffers = [Buffer.allocUnsafeSlow(bufferSize), Buffer.allocUnsafeSlow(bufferSize)] as const
  /** Buffers whose bytes have not been read yet. */
  readonly #taken: [boolean, boolean] = [false, false]
  /** The buffer the socket fills, or will fill when it goes on. */
  #filling: BufferIndex = 0
  /** The buffer of the chunk that was handed out last. */
  #lent: BufferIndex | undefined
  #reader: ResponseReader | undefined
  #failure: Error | undefined
  #idleTimer: NodeJS.Timeout | undefined

  constructor({ host, port }: Endpoint, connectTimeout: number) {
    const onread = {
      buffer: () => this.#buffers[this.#filling],
      callback: (length: number) => this.#received(length),
    }
    const settings = { host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay, onread }
    this.#socket = connect(settings as Parameters<typeof connect>[0] & object)
    const late = setTimeout(() => {
      const message = `No connection to ${host}:${port} within ${connectTimeout} ms`
      this.#socket.destroy(Object.assign(new Error(message), { code: 'ETIMEDOUT' }))
    }, connectTimeout)
    this.#socket.once('connect', () => clearTimeout(late))
    this.#socket.on('error', (error) => this.#fail(error))
    this.#socket.on('end', () => this.#socket.destroy())
    this.#socket.on('close', () => {
      clearTimeout(late)
      clearTimeout(this.#idleTimer)
      this.#fail(Object.assign(new Error('The peer closed the connection'), { code: 'ECONNRESET' }))
    })
  }

  /** Another request may be sent. */
  get usable(): boolean {
    return this.#failure === undefined && this.#reader === undefined
  }

  onClose(listener: () => void): void {
    this.#socket.once('close', listener)
  }

  /** Sends a request without a body, and gives the head of the response. Rejects with InDoubt or a network error. */
  request(text: string): Promise<ResponseHead> {
    clearTimeout(this.#idleTimer)
    this.#socket.ref()
    this.#reader = new ResponseReader()
    if (this.#failure) this.#reader.fail(this.#failure)
    else this.#socket.write(text, 'latin1')
    return this.#reader.head
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
    this.#reader = undefined
    this.#socket.unref()
    this.#idleTimer = setTimeout(() => this.destroy(), maxIdle).unref()
    // Reads on, or it would not notice that the peer closes the connection.
    this.#socket.resume()
  }

  destroy(): void {
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
    // A paused socket still has the buffer it filled last, and goes on when that one is free.
    if (!this.#taken[this.#filling]) this.#socket.resume()
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#reader?.fail(error)
  }
}
