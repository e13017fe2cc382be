import type { Server } from 'node:http'
import type { Connections } from './connections'
import { resetSocket } from './reset-socket'

/** Milliseconds between attempts to listen again, while the port is not free yet. */
const again = 10

/** A server that is not there for a while: connections are reset, new ones refused, and what it holds is kept. */
export class Outage {
  readonly #server: Server
  readonly #connections: Connections
  readonly #port: number
  #timer: NodeJS.Timeout | undefined
  #away = false

  constructor(server: Server, connections: Connections, port: number) {
    this.#server = server
    this.#connections = connections
    this.#port = port
    server.on('error', () => this.#comeBackIn(again))
  }

  /** @param ms `Infinity` lasts until {@link end} */
  begin(ms: number): void {
    clearTimeout(this.#timer)
    this.#away = true
    this.#server.close()
    for (const socket of this.#connections.sockets) resetSocket(socket)
    if (Number.isFinite(ms)) this.#comeBackIn(ms)
  }

  /** Comes back now, if it is away. */
  end(): void {
    clearTimeout(this.#timer)
    this.#listen()
  }

  /** Never comes back: the server is being closed. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#away = false
  }

  #comeBackIn(ms: number): void {
    this.#timer = setTimeout(() => this.#listen(), ms)
    // A test that ended must not be kept alive by it.
    this.#timer.unref()
  }

  #listen(): void {
    if (!this.#away || this.#server.listening) return
    this.#server.listen(this.#port, '127.0.0.1', () => {
      this.#away = false
    })
  }
}
