import { EventEmitter } from 'node:events'
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { Connections } from '../object-store/connections'
import { closed } from '../object-store/http-request'

/** The answer of the server, whatever its status. Its message must be read to its end, or disposed of. */
export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly message: Readable & { readonly complete?: boolean }
  /**
   * Gives the connection back: to the pool if request and answer are complete, else by closing it. An early refusal
   * leaves the rest of the request unsent, and such a connection is of no more use.
   */
  dispose(): void
}

/**
 * One request on the wire. It is the SDK that builds, signs and sends it, but the answer never passes through the
 * SDK: that would write the XML of an error into the object, retry within milliseconds without a pause, turn errors
 * into plain objects, and wait for ever for the rest of a body that was given up. So one exchange is one attempt,
 * it always settles, and what it rejects with is the original error.
 */
export class Exchange {
  readonly reply: Promise<Reply>
  #request: ClientRequest | undefined
  #settled = false
  #resolve!: (reply: Reply) => void
  #reject!: (error: unknown) => void

  constructor(readonly connections: Connections) {
    this.reply = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.reply.catch(() => {})
  }

  /** Takes the request over, and gives the SDK a stand-in to write the body to. */
  start(request: ClientRequest): StandIn {
    this.#request = request
    // Stays on: writing the rest of a body after an early answer fails too, and must not end the process.
    request.on('error', (error) => this.fail(error))
    request.once('close', () => this.fail(closed('before COS answered')))
    request.once('response', (message) => this.#answer(request, message))
    if (this.#settled) request.destroy()
    return new StandIn(request, (error) => this.fail(error))
  }

  /** Ends the exchange, unless it has been answered: then its answer decides. */
  fail(error: unknown): void {
    if (this.#settled) return
    this.#settled = true
    this.#reject(error)
    this.#request?.destroy()
  }

  #answer(request: ClientRequest, message: IncomingMessage): void {
    // Until somebody reads, nobody else listens.
    message.on('error', () => {})
    if (this.#settled) {
      request.destroy()
      return
    }
    this.#settled = true
    this.#resolve({
      status: message.statusCode ?? 0,
      headers: message.headers,
      message,
      dispose() {
        if (request.writableFinished && (message.complete || request.method === 'HEAD')) message.resume()
        else request.destroy()
      },
    })
  }
}

const aborted = () => new Error('The SDK aborted the request.')

/**
 * What the SDK's HTTP layer takes for the `ClientRequest`. It can write and end the body, and hears of the socket, so
 * that the `Timeout` of a client that was handed in works; it hears of no answer, no error and no `drain`.
 */
export class StandIn extends EventEmitter {
  readonly #request: ClientRequest
  readonly #fail: (error: Error) => void

  constructor(request: ClientRequest, fail: (error: Error) => void) {
    super()
    this.#request = request
    this.#fail = fail
    request.once('socket', (socket: Socket) => this.emit('socket', socket))
  }

  write(...args: Parameters<ClientRequest['write']>): boolean {
    return this.#request.write(...args)
  }

  end(): void {
    this.#request.end()
  }

  abort(): void {
    this.#fail(aborted())
  }

  setTimeout(milliseconds: number, expired: () => void): void {
    this.#request.setTimeout(milliseconds, () => {
      const message = `Nothing moved for ${milliseconds} ms, the Timeout of the client.`
      const error = Object.assign(new Error(message), { code: 'ESOCKETTIMEDOUT' })
      this.#fail(error)
      // Also in the middle of the answer.
      this.#request.destroy(error)
      expired()
    })
  }
}
