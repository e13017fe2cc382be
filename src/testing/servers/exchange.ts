import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import type { Call } from './call'
import { resetSocket } from './reset-socket'
import { PeerGone } from './service-error'

/** One request and its reply, with the levers that faults pull. */
export class Exchange {
  readonly socket: Socket
  #continued = false

  constructor(
    readonly call: Call,
    readonly request: IncomingMessage,
    readonly response: ServerResponse,
    private readonly expectsContinue: boolean,
    private readonly outage: (ms: number) => void,
  ) {
    this.socket = request.socket
  }

  /** The client waits for leave before it sends the body: given when somebody wants to read it. */
  welcomeBody(): void {
    if (!this.expectsContinue || this.#continued) return
    this.#continued = true
    this.response.writeContinue()
  }

  /** True where the client still waits with a body that will not be asked for: the connection is spent. */
  get bodyUnwanted(): boolean {
    return this.expectsContinue && !this.#continued
  }

  /** Sends RST. */
  reset(): never {
    resetSocket(this.socket)
    throw new PeerGone('reset on purpose')
  }

  /** Sends FIN. */
  hangUp(): never {
    this.socket.end()
    throw new PeerGone('closed on purpose')
  }

  /** Takes the whole server away for that long. */
  goAway(ms: number): never {
    this.outage(ms)
    throw new PeerGone('gone away on purpose')
  }

  /** Waits until all that was written has been handed to the kernel. */
  async flushed(): Promise<void> {
    if (!this.response.headersSent) this.response.flushHeaders()
    while (!this.socket.destroyed && (this.response.writableLength > 0 || this.socket.writableLength > 0)) {
      await setImmediate()
    }
  }

  /**
   * @param ms `Infinity` waits until the connection is gone
   * @throws PeerGone as soon as it is
   */
  pause(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.socket.destroyed) return reject(new PeerGone('the client left'))
      const gone = () => {
        clearTimeout(timer)
        reject(new PeerGone('the client left'))
      }
      const timer = Number.isFinite(ms)
        ? setTimeout(() => {
            this.socket.off('close', gone)
            resolve()
          }, ms)
        : undefined
      this.socket.once('close', gone)
    })
  }
}
