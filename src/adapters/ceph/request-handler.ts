import type * as http from 'node:http'
import { type Agents, timedAgent } from '../../lifecycle/agents'
import { DirectGet } from '../object-store/direct-get/direct-get'

/** What a call of the SDK hands through to its request handler. */
export interface HandlerOptions {
  readonly abortSignal?: AbortSignal
  /** Milliseconds a new connection may take. */
  readonly connectTimeout?: number
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

/** Sends the SDK's requests: objects' bytes over plain HTTP directly, all the rest through the SDK's own handler. */
export class RequestHandler implements SdkHandler {
  readonly metadata = { handlerProtocol: 'http/1.1' }
  readonly #Handler: SdkHandlerClass
  readonly #agents: Pick<Agents, 'http' | 'https'>
  readonly #direct = new DirectGet()
  /** One for each limit of connecting: the SDK's handler has no other way to hear of it. */
  readonly #handlers = new Map<number | undefined, SdkHandler>()

  /** @param own the handler the SDK made for itself; its kind is not exported under a name we may depend on */
  constructor(own: object, agents: Pick<Agents, 'http' | 'https'>) {
    this.#Handler = own.constructor as SdkHandlerClass
    this.#agents = agents
  }

  async handle(request: SdkRequest, options: HandlerOptions = {}): Promise<{ response: unknown }> {
    const { abortSignal: signal, connectTimeout } = options
    if (options.direct && request.method === 'GET' && request.protocol === 'http:') {
      const { hostname, port = 80, headers } = request
      // An IPv6 address stands in brackets.
      const host = hostname.replace(/^\[(.*)\]$/, '$1')
      const path = `${request.path}${queryText(request.query)}`
      const response = await this.#direct.get({ host, port, path, headers }, { signal, connectTimeout })
      if (response) return { response }
    }
    return this.#usual(connectTimeout).handle(request, options)
  }

  destroy(): void {
    this.#direct.destroy()
  }

  updateHttpClientConfig(): void {}

  httpHandlerConfigs(): object {
    return {}
  }

  #usual(connectTimeout: number | undefined): SdkHandler {
    const known = this.#handlers.get(connectTimeout)
    if (known) return known
    const handler = new this.#Handler({
      httpAgent: timedAgent(this.#agents.http, connectTimeout),
      httpsAgent: timedAgent(this.#agents.https, connectTimeout),
    })
    this.#handlers.set(connectTimeout, handler)
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
