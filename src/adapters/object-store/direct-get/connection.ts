import { connect, type Socket, type TcpNetConnectOpts } from 'node:net'
import { limitConnecting } from '../../../lifecycle/connect-timeout'
import type { Stamp } from '../../../lifecycle/freshness'
import type { Holder } from '../../../lifecycle/holder'
import { ReceiveBuffers } from './receive-buffers'
import type { ResponseHead } from './response-head'
import { ResponseReader } from './response-reader'
import { connectSecurely, type SecurePeer } from './secure'

/** Milliseconds until the first TCP probe of a quiet connection: NAT gateways forget one after 350 s. */
const keepAliveInitialDelay = 60_000

export interface Endpoint {
  /** A name or an address, without brackets. */
  readonly host: string
  readonly port: number
  /** For TLS; without it the connection is a plain one. */
  readonly peer?: SecurePeer
}

/**
 * An HTTP/1.1 connection that reads into two buffers of its own, again and again. Node's client allocates a buffer for
 * every 64 KiB (over TLS for every 16 KiB) and hands it through several streams, which costs more than the rest of a
 * transfer together.
 */
export class DirectConnection {
  readonly endpoint: Endpoint
  readonly stamp: Stamp
  readonly #socket: Socket
  readonly #buffers = new ReceiveBuffers()
  #paused = false
  #reader: ResponseReader | undefined
  #closed: Error | undefined
  #changed: Promise<void> | undefined
  #wake: () => void = () => {}
  #gathering: NodeJS.Immediate | undefined
  #idleTimer: NodeJS.Timeout | undefined
  #givenUp = false
  #idleSince = Number.POSITIVE_INFINITY
  #holder: Holder | undefined
  #forgetSignal: (() => void) | undefined

  constructor(endpoint: Endpoint, stamp: Stamp, connectTimeout: number) {
    this.endpoint = endpoint
    this.stamp = stamp
    const { host, port, peer } = endpoint
    // Node asks for a buffer after each call of the callback, whatever that answers, and at no other time.
    const onread = {
      buffer: () => this.#buffers.room,
      callback: (length: number) => this.#received(length),
    }
    // The types have `onread` in the options of a Socket alone.
    const settings = {
      host,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay,
      onread,
    } as TcpNetConnectOpts
    this.#socket = peer ? connectSecurely(settings, peer) : connect(settings)
    limitConnecting(this.#socket, peer ? 'secureConnect' : 'connect', connectTimeout)
    this.#socket.on('error', (error) => this.#close(error))
    this.#socket.on('close', () =>
      this.#close(Object.assign(new Error('The connection was closed'), { code: 'ECONNRESET' })),
    )
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
  async request(text: string, signal?: AbortSignal): Promise<ResponseHead> {
    clearTimeout(this.#idleTimer)
    const stop = () => this.destroy()
    signal?.addEventListener('abort', stop, { once: true })
    this.#forgetSignal = () => signal?.removeEventListener('abort', stop)
    const reader = new ResponseReader()
    this.#reader = reader
    this.#socket.ref()
    if (this.#closed) this.#close(this.#closed)
    else this.#socket.write(text, 'latin1')
    while (!reader.head) await this.#change(reader)
    return reader.head
  }

  /** The next bytes of the body, valid until the next call; undefined at the end. */
  async next(): Promise<Uint8Array | undefined> {
    this.#giveBack()
    const reader = this.#reader
    for (;;) {
      const chunk = this.#buffers.lend()
      if (chunk || !reader || reader.complete) return chunk
      await this.#change(reader)
    }
  }

  /** After a whole response: waits for another request, at most so many milliseconds, and keeps no process alive. */
  rest(maxIdle: number): void {
    this.#forgetSignal?.()
    this.#reader = undefined
    this.#socket.unref()
    this.#idleSince = performance.now()
    this.#idleTimer = setTimeout(() => {
      // Timers count whole milliseconds, and so may be early by a part of one.
      this.#idleSince = Number.NEGATIVE_INFINITY
      this.destroy()
    }, maxIdle).unref()
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
    if (!reader || reader.complete || this.#buffers.overfull) {
      // Bytes that nobody asked for, or that have no room: such a peer is not asked again.
      this.#socket.destroy()
      return false
    }
    const body = reader.receive(this.#buffers.received(length))
    if (body.length > 0) this.#buffers.keep(body)
    if (reader.surplus) this.#socket.destroy()
    this.#tell(reader)
    // After a whole body it always reads, and so notices that the peer closes an idle connection.
    const goesOn = this.#buffers.turn() || reader.complete
    // TLS may come to the end of the body after it was told to stop.
    if (goesOn && this.#paused) this.#socket.resume()
    this.#paused = !goesOn
    return goesOn
  }

  /** Over TLS, pieces of 16 KiB come one right after another: they are handed on together. */
  #tell(reader: ResponseReader): void {
    const more = this.endpoint.peer && reader.head && !reader.complete && this.#buffers.mayGather
    if (!more) this.#awake()
    else this.#gathering ??= setImmediate(this.#awake)
  }

  /** Something has changed for whoever waits. */
  readonly #awake = (): void => {
    clearImmediate(this.#gathering)
    this.#gathering = undefined
    this.#changed = undefined
    this.#wake()
  }

  async #change(reader: ResponseReader): Promise<void> {
    if (reader.failure) throw reader.failure
    this.#changed ??= new Promise((resolve) => {
      this.#wake = resolve
    })
    return this.#changed
  }

  #giveBack(): void {
    this.#buffers.giveBack()
    if (!this.#paused || !this.#buffers.mayResume) return
    this.#paused = false
    this.#socket.resume()
  }

  #close(error: Error): void {
    this.#closed ??= error
    this.#holder?.release(this)
    clearTimeout(this.#idleTimer)
    this.#forgetSignal?.()
    this.#reader?.fail(this.#closed)
    this.#awake()
  }
}
