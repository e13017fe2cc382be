import { abortError } from '../abort'
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
  readonly signal?: AbortSignal
  /** Milliseconds. @default 10000 */
  readonly connectTimeout?: number
}

export interface DirectResponse extends Pick<ResponseHead, 'statusCode' | 'headers'> {
  readonly body: DirectBody
}

/** Milliseconds an idle connection is kept: below the 65 s after which a Ceph gateway closes it without a word. */
const maxIdle = 50_000
const defaultConnectTimeout = 10_000

/** What a request line and a header may consist of; anything else is for Node's own client. */
const safePath = /^\/[!-~]*$/
const safeValue = /^[\t\x20-\x7e]*$/

/** Connections for direct GETs, kept alive between requests. */
export class DirectGet {
  readonly #idle = new Map<string, DirectConnection[]>()
  readonly #open = new Set<DirectConnection>()

  /**
   * Sends the request. Undefined where the answer is not a plain one with a length, or where an idle connection
   * turned out dead: nothing is lost then, and the request is to be made in the usual way.
   * Rejects when no connection can be had, and when the signal fires.
   */
  async get(request: DirectRequest, options: DirectOptions = {}): Promise<DirectResponse | undefined> {
    const { signal, connectTimeout = defaultConnectTimeout } = options
    const text = requestText(request)
    if (text === undefined) return undefined
    const name = `${request.host}:${request.port}`
    const idle = this.#takeIdle(name)
    const connection = idle ?? this.#connect(request, connectTimeout)
    const stop = () => connection.destroy()
    signal?.addEventListener('abort', stop, { once: true })
    try {
      if (signal?.aborted) throw abortError(signal, name)
      const head = await connection.request(text)
      const body = new DirectBody(connection, () => this.#rest(name, connection, head))
      return { statusCode: head.statusCode, headers: head.headers, body }
    } catch (error) {
      connection.destroy()
      if (signal?.aborted) throw abortError(signal, name)
      if (idle || error instanceof InDoubt) return undefined
      throw error
    } finally {
      signal?.removeEventListener('abort', stop)
    }
  }

  /** Closes all connections, those in use included. */
  destroy(): void {
    for (const connection of this.#open) connection.destroy()
  }

  /** The youngest first: the oldest are the likeliest to be dead. */
  #takeIdle(name: string): DirectConnection | undefined {
    const idle = this.#idle.get(name) ?? []
    for (let next = idle.pop(); next; next = idle.pop()) if (next.usable) return next
    return undefined
  }

  #connect(endpoint: Endpoint, connectTimeout: number): DirectConnection {
    const connection = new DirectConnection(endpoint, connectTimeout)
    this.#open.add(connection)
    connection.onClose(() => this.#open.delete(connection))
    return connection
  }

  #rest(name: string, connection: DirectConnection, { keepAlive }: ResponseHead): void {
    if (!keepAlive) {
      connection.destroy()
      return
    }
    connection.rest(maxIdle)
    const idle = this.#idle.get(name) ?? []
    this.#idle.set(name, idle)
    idle.push(connection)
  }
}

function requestText({ path, headers }: DirectRequest): string | undefined {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const safe = safePath.test(path) && Object.values(headers).every((value) => safeValue.test(value))
  return safe ? `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n` : undefined
}
