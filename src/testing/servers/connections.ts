import type { Server, Socket } from 'node:net'

export interface ConnectionCounts {
  /** Now. */
  readonly open: number
  /** Since the server was started. */
  readonly opened: number
}

/** The sockets of a server, for counting and for closing. */
export class Connections implements ConnectionCounts {
  readonly #sockets = new Set<Socket>()
  #opened = 0

  constructor(server: Server) {
    server.on('connection', (socket) => this.add(socket))
  }

  get open(): number {
    return this.#sockets.size
  }

  get opened(): number {
    return this.#opened
  }

  get sockets(): ReadonlySet<Socket> {
    return this.#sockets
  }

  add(socket: Socket): void {
    this.#opened += 1
    this.#sockets.add(socket)
    // A reset by the client is no concern of the server.
    socket.on('error', () => {})
    socket.once('close', () => this.#sockets.delete(socket))
  }

  destroy(): void {
    for (const socket of this.#sockets) socket.destroy()
  }
}
