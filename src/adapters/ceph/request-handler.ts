import type * as http from 'node:http'
import type { Context } from '../../contract/source'
import type { Lifecycle } from '../../lifecycle/lifecycle'
import type { StoreConnections } from '../object-store/connections'

/** What a call of the SDK hands through to its request handler. */
export interface HandlerOptions {
  readonly abortSignal?: AbortSignal
  /** The call of the adapter. */
  readonly call?: Context
}

interface SdkHandler {
  handle(request: object, options?: HandlerOptions): Promise<{ response: unknown }>
  destroy?(): void
}

type SdkHandlerClass = new (options: { httpAgent: http.Agent; httpsAgent: http.Agent }) => SdkHandler

/** Sends the SDK's requests through the SDK's own handler, over the connections of whoever calls. */
export class RequestHandler implements SdkHandler {
  readonly metadata = { handlerProtocol: 'http/1.1' }
  readonly #Handler: SdkHandlerClass
  readonly #connections: StoreConnections
  /** The SDK's handler has no other way to hear of the limit of connecting than its agents. */
  readonly #handlers = new WeakMap<Lifecycle | StoreConnections, Map<number | undefined, SdkHandler>>()

  /** @param own the handler the SDK made for itself; its kind is not exported under a name we may depend on */
  constructor(own: object, connections: StoreConnections) {
    this.#Handler = own.constructor as SdkHandlerClass
    this.#connections = connections
  }

  async handle(request: object, options: HandlerOptions = {}): Promise<{ response: unknown }> {
    return this.#handlerFor(options.call ?? {}).handle(request, options)
  }

  updateHttpClientConfig(): void {}

  httpHandlerConfigs(): object {
    return {}
  }

  #handlerFor(call: Context): SdkHandler {
    const { lifecycle, connectTimeout } = call
    const owner = lifecycle ?? this.#connections
    const handlers = this.#handlers.get(owner) ?? new Map<number | undefined, SdkHandler>()
    this.#handlers.set(owner, handlers)
    const known = handlers.get(connectTimeout)
    if (known) return known
    const connections = this.#connections.of(call)
    const handler = new this.#Handler({ httpAgent: connections.http, httpsAgent: connections.https })
    handlers.set(connectTimeout, handler)
    return handler
  }
}
