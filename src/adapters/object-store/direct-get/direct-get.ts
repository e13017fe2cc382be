import type { Agents } from '../../../lifecycle/agents'
import { defaultConnectTimeout } from '../../../lifecycle/connect-timeout'
import { connectionOpened, connectionReused } from '../../../lifecycle/connection-news'
import type { ConnectionPool, Freshness } from '../../../lifecycle/freshness'
import type { Holder } from '../../../lifecycle/holder'
import { throwIfAborted } from '../abort'
import { directOptions } from './agent-options'
import { DirectConnection, type Endpoint } from './connection'
import { DirectBody } from './direct-body'
import type { ResponseHead } from './response-head'
import { InDoubt } from './response-reader'
import { SecurePeers } from './secure'

/** A signed GET request, ready to be sent. */
export interface DirectRequest {
  /** `http:` or `https:`; any other is for others. */
  readonly protocol: string
  /** A name or an address, without brackets. */
  readonly host: string
  readonly port: number
  /** Path and query, encoded. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

export interface DirectOptions {
  /** Closes the connection, until the body has been read to its end. */
  readonly signal?: AbortSignal
  /** Milliseconds. @default 10000 */
  readonly connectTimeout?: number
  /** The store on whose behalf it is sent. */
  readonly holder?: Holder
}

export interface DirectResponse extends Pick<ResponseHead, 'statusCode' | 'headers'> {
  readonly body: DirectBody
}

/** What a request line and a header may consist of; anything else is for Node's own client. */
const safePath = /^\/[!-~]*$/
const safeName = /^[\w-]+$/
const safeValue = /^[\t\x20-\x7e]*$/

/** Connections for direct GETs, kept alive between requests. */
export class DirectGet implements ConnectionPool {
  /** Those that rest are in the order in which they came to rest. */
  readonly #open = new Set<DirectConnection>()
  readonly #freshness: Freshness
  readonly #agents: Agents
  readonly #peers = new SecurePeers()

  /**
   * @param freshness decides which connections are used again; it must be told of this pool
   * @param agents those in whose place it stands: their options count here, too
   */
  constructor(freshness: Freshness, agents: Agents) {
    this.#freshness = freshness
    this.#agents = agents
  }

  /**
   * Sends the request. Undefined where the answer is not a plain one with a length, where an idle connection turned
   * out dead, and where the agent was given an option that is not known here: nothing is lost then, and the request is
   * to be made in the usual way.
   * Rejects when no connection can be had, when its certificate is refused, when a new one breaks, and when the signal
   * fires.
   */
  async get(request: DirectRequest, options: DirectOptions = {}): Promise<DirectResponse | undefined> {
    const { signal, connectTimeout = defaultConnectTimeout, holder } = options
    const text = requestText(request)
    const endpoint = this.#endpointOf(request)
    if (text === undefined || !endpoint) return undefined
    const { host, port } = endpoint
    throwIfAborted(signal, `${host}:${port}`)
    this.#freshness.check()
    this.dropStale()
    const idle = this.#idle(endpoint)
    const connection = idle ?? this.#connect(endpoint, connectTimeout)
    if (idle) connectionReused('direct')
    connection.heldBy(holder)
    try {
      const { statusCode, headers, keepAlive } = await connection.request(text, signal)
      const body = new DirectBody(connection, () => this.#rest(connection, keepAlive))
      return { statusCode, headers, body }
    } catch (error) {
      const { givenUp } = connection
      connection.destroy()
      throwIfAborted(signal, `${host}:${port}`)
      if (error instanceof InDoubt || (idle && !givenUp)) return undefined
      throw error
    }
  }

  dropIdle(): void {
    this.#drop(() => true)
  }

  dropStale(): void {
    this.#drop(
      ({ stamp, idleSince }) =>
        !this.#freshness.isFresh(stamp) || this.#freshness.hasRestedTooLong(idleSince),
    )
  }

  /** Closes all connections, those in use included. */
  destroy(): void {
    for (const connection of this.#open) connection.destroy()
  }

  #drop(isUnwanted: (connection: DirectConnection) => boolean): void {
    for (const connection of this.#open) {
      if (connection.usable && isUnwanted(connection)) connection.destroy()
    }
  }

  /** The one that has rested for the shortest time: it is the likeliest to be alive. */
  #idle(wanted: Endpoint): DirectConnection | undefined {
    return [...this.#open].reverse().find(({ usable, endpoint }) => usable && isSame(endpoint, wanted))
  }

  /** Undefined where the agent has to make the connection. */
  #endpointOf({ protocol, host, port, headers }: DirectRequest): Endpoint | undefined {
    if (protocol !== 'http:' && protocol !== 'https:') return undefined
    const options = directOptions(this.#agents[protocol === 'http:' ? 'http' : 'https'], protocol)
    if (!options) return undefined
    if (protocol === 'http:') return { host, port }
    return { host, port, peer: this.#peers.of(options, host, port, hostHeaderOf(headers)) }
  }

  #connect(endpoint: Endpoint, connectTimeout: number): DirectConnection {
    const connection = new DirectConnection(endpoint, this.#freshness.stamp(), connectTimeout)
    this.#open.add(connection)
    connection.onClose(() => this.#open.delete(connection))
    connectionOpened(
      'direct',
      (closed) => connection.onClose(closed),
      () => this.#freshness.retirement(connection.stamp, connection.idleSince),
    )
    return connection
  }

  #rest(connection: DirectConnection, keepAlive: boolean): void {
    const again = keepAlive && this.#freshness.isFresh(connection.stamp)
    // One that is closed has left the set; any other moves to its end.
    if (!again || !this.#open.delete(connection)) {
      connection.destroy()
      return
    }
    this.#open.add(connection)
    connection.rest(this.#freshness.maxIdle)
  }
}

const isSame = (one: Endpoint, other: Endpoint) =>
  one.host === other.host && one.port === other.port && one.peer === other.peer

const hostHeaderOf = (headers: DirectRequest['headers']) =>
  Object.entries(headers).find(([name]) => name.toLowerCase() === 'host')?.[1]

function requestText({ path, headers }: DirectRequest): string | undefined {
  const fields = Object.entries(headers)
  const safe = fields.every(([name, value]) => safeName.test(name) && safeValue.test(value))
  if (!safe || !safePath.test(path)) return undefined
  const lines = [`GET ${path} HTTP/1.1`, ...fields.map(([name, value]) => `${name}: ${value}`)]
  return `${lines.join('\r\n')}\r\n\r\n`
}
