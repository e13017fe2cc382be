import { defaultConnectTimeout, defaultMaxIdle } from '../../../lifecycle/agents'
import { throwIfAborted } from '../abort'
import { DirectConnection, type Endpoint } from './connection'
import { DirectBody } from './direct-body'
import type { ResponseHead } from './response-head'
import { InDoubt } from './response-reader'

/** A signed GET request, ready to be sent over plain HTTP. */
export interface DirectRequest extends Endpoint {
  /** Path and query, encoded. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

export interface DirectOptions {
  /** Closes the connection, until the body has been read to its end. */
  readonly signal?: AbortSignal
  /** Milliseconds. @default 10000 */
  readonly connectTimeout?: number
}

export interface DirectResponse extends Pick<ResponseHead, 'statusCode' | 'headers'> {
  readonly body: DirectBody
}

/** What a request line and a header may consist of; anything else is for Node's own client. */
const safePath = /^\/[!-~]*$/
const safeName = /^[\w-]+$/
const safeValue = /^[\t\x20-\x7e]*$/

/** Connections for direct GETs, kept alive between requests. */
export class DirectGet {
  /** Those that rest are in the order in which they came to rest. */
  readonly #open = new Set<DirectConnection>()
  #destroyed = false

  /**
   * Sends the request. Undefined where the answer is not a plain one with a length, or where an idle connection
   * turned out dead: nothing is lost then, and the request is to be made in the usual way.
   * Rejects when no connection can be had, when a new one breaks, and when the signal fires.
   */
  async get(request: DirectRequest, options: DirectOptions = {}): Promise<DirectResponse | undefined> {
    const { signal, connectTimeout = defaultConnectTimeout } = options
    const text = requestText(request)
    if (text === undefined) return undefined
    const { host, port } = request
    throwIfAborted(signal, `${host}:${port}`)
    const idle = this.#idle({ host, port })
    const connection = idle ?? this.#connect({ host, port }, connectTimeout)
    try {
      const { statusCode, headers, keepAlive } = await connection.request(text, signal)
      const body = new DirectBody(connection, () => this.#rest(connection, keepAlive))
      return { statusCode, headers, body }
    } catch (error) {
      connection.destroy()
      throwIfAborted(signal, `${host}:${port}`)
      if (error instanceof InDoubt || (idle && !this.#destroyed)) return undefined
      throw error
    }
  }

  /** Closes all connections, those in use included. */
  destroy(): void {
    this.#destroyed = true
    for (const connection of this.#open) connection.destroy()
  }

  /** The one that has rested for the shortest time: it is the likeliest to be alive. */
  #idle({ host, port }: Endpoint): DirectConnection | undefined {
    return [...this.#open]
      .reverse()
      .find(({ usable, endpoint }) => usable && endpoint.host === host && endpoint.port === port)
  }

  #connect(endpoint: Endpoint, connectTimeout: number): DirectConnection {
    const connection = new DirectConnection(endpoint, connectTimeout)
    this.#open.add(connection)
    connection.onClose(() => this.#open.delete(connection))
    return connection
  }

  #rest(connection: DirectConnection, keepAlive: boolean): void {
    // One that is closed has left the set; any other moves to its end.
    if (!keepAlive || !this.#open.delete(connection)) {
      connection.destroy()
      return
    }
    this.#open.add(connection)
    connection.rest(defaultMaxIdle)
  }
}

function requestText({ path, headers }: DirectRequest): string | undefined {
  const fields = Object.entries(headers)
  const safe = fields.every(([name, value]) => safeName.test(name) && safeValue.test(value))
  if (!safe || !safePath.test(path)) return undefined
  const lines = [`GET ${path} HTTP/1.1`, ...fields.map(([name, value]) => `${name}: ${value}`)]
  return `${lines.join('\r\n')}\r\n\r\n`
}
