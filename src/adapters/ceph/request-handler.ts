import type * as http from 'node:http'
import type { Context } from '../../contract/source'
import type { Lifecycle } from '../../lifecycle/lifecycle'
import type { Connections, StoreConnections } from '../object-store/connections'

/** What a call of the SDK hands through to its request handler. */
export interface HandlerOptions {
  readonly abortSignal?: AbortSignal
  /** The call of the adapter. */
  readonly call?: Context
  /** The answer is an object's bytes, which may be lent out. */
  readonly direct?: boolean
}

/** A signed request, as the SDK describes it. */
interface SdkRequest {
  readonly protocol: string
  readonly method: string
  readonly hostname: string
  readonly port?: number
  readonly path: string
  readonly query?: Record<string, string | string[] | null>
  readonly headers: Record<string, string>
}

interface SdkHandler {
  handle(request: SdkRequest, options?: HandlerOptions): Promise<{ response: unknown }>
  destroy?(): void
}

type SdkHandlerClass = new (options: { httpAgent: http.Agent; httpsAgent: http.Agent }) => SdkHandler

/** Sends the SDK's requests: objects' bytes directly, all the rest through the SDK's own handler. */
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

  async handle(request: SdkRequest, options: HandlerOptions = {}): Promise<{ response: unknown }> {
    const { abortSignal: signal, call = {} } = options
    const connections = this.#connections.of(call)
    if (options.direct && request.method === 'GET') {
      const { protocol, hostname, headers } = request
      const port = request.port ?? (protocol === 'https:' ? 443 : 80)
      // An IPv6 address stands in brackets.
      const host = hostname.replace(/^\[(.*)\]$/, '$1')
      const path = `${request.path}${queryText(request.query)}`
      const response = await connections.direct({ protocol, host, port, path, headers }, signal)
      if (response) return { response }
    }
    return this.#usual(call, connections).handle(request, options)
  }

  updateHttpClientConfig(): void {}

  httpHandlerConfigs(): object {
    return {}
  }

  #usual({ lifecycle, connectTimeout }: Context, connections: Connections): SdkHandler {
    const owner = lifecycle ?? this.#connections
    const handlers = this.#handlers.get(owner) ?? new Map<number | undefined, SdkHandler>()
    this.#handlers.set(owner, handlers)
    const known = handlers.get(connectTimeout)
    if (known) return known
    const handler = new this.#Handler({ httpAgent: connections.http, httpsAgent: connections.https })
    handlers.set(connectTimeout, handler)
    return handler
  }
}

/** As the SDK itself writes it, and has signed it. */
function queryText(query: SdkRequest['query'] = {}): string {
  const pairs = Object.keys(query)
    .sort()
    .flatMap((name) => {
      const value = query[name]
      if (value === null || value === undefined) return [escapeUri(name)]
      return [value].flat().map((one) => `${escapeUri(name)}=${escapeUri(one)}`)
    })
  return pairs.length > 0 ? `?${pairs.join('&')}` : ''
}

const escapeUri = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
