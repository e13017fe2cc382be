import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

/**
 * Sockets this process has opened towards its servers, by port. A server cannot be asked: while it does not read, it
 * does not notice that its client has left.
 */
export class ClientSockets {
  readonly #open = new Map<Socket, number | undefined>()
  readonly #opened = (message: unknown) => {
    const { socket } = message as { socket: Socket }
    this.#open.set(socket, undefined)
    // It knows its port only while it is connected.
    socket.once('connect', () => this.#open.set(socket, socket.remotePort))
    socket.once('close', () => this.#open.delete(socket))
  }

  start(): void {
    subscribe('net.client.socket', this.#opened)
  }

  stop(): void {
    unsubscribe('net.client.socket', this.#opened)
  }

  /** How many are not closed. */
  to(port: number): number {
    return [...this.#open.values()].filter((known) => known === port).length
  }
}
