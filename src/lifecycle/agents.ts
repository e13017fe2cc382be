import * as http from 'node:http'
import * as https from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TransferError } from '../contract/errors'

export interface AgentsOptions {
  /** Milliseconds a new connection may take, its TLS handshake included. @default 10000 */
  readonly connectTimeout?: number
  /**
   * Milliseconds a connection may be idle before it is closed; a shorter `Keep-Alive: timeout` of the server is
   * obeyed. The default stays below the 65 s after which a Ceph gateway closes its side without a word.
   * @default 50000
   */
  readonly maxIdle?: number
}

/** Keep-alive agents for both protocols, which the caller's own requests may use too. */
export interface Agents {
  readonly http: http.Agent
  readonly https: https.Agent
  /** Closes every connection, those in use included. */
  destroy(): void
}

/** Milliseconds: see {@link AgentsOptions}. */
export const defaultConnectTimeout = 10_000
export const defaultMaxIdle = 50_000

/** First TCP probe of a quiet connection, in milliseconds: NAT gateways forget one after 350 s. */
const keepAliveMsecs = 60_000

let connectTimeoutOfCall: number | undefined

/**
 * Connections opened while `fn` runs, before it returns, may take `timeout` milliseconds instead of the agent's own
 * limit; neither SDK has an option that reaches the agent. No AsyncLocalStorage: before Node 24 its use makes every
 * promise of the host process dearer.
 */
export function withConnectTimeout<T>(timeout: number | undefined, fn: () => T): T {
  const outer = connectTimeoutOfCall
  connectTimeoutOfCall = timeout
  try {
    return fn()
  } finally {
    connectTimeoutOfCall = outer
  }
}

/** The same agent, for calls that have a limit of their own. */
export function timedAgent(agent: http.Agent, timeout: number | undefined): http.Agent {
  if (timeout === undefined) return agent
  const { addRequest } = agent as unknown as { addRequest: (...values: unknown[]) => void }
  return Object.create(agent, {
    addRequest: {
      value: (...values: unknown[]) => withConnectTimeout(timeout, () => addRequest.apply(agent, values)),
    },
  })
}

export function createAgents(options: AgentsOptions = {}): Agents {
  const settings: Settings = {
    connectTimeout: options.connectTimeout ?? defaultConnectTimeout,
    maxIdle: options.maxIdle ?? defaultMaxIdle,
  }
  const agents = { http: new HttpAgent(settings), https: new HttpsAgent(settings) }
  return {
    ...agents,
    destroy() {
      agents.http.destroy()
      agents.https.destroy()
    },
  }
}

interface Settings {
  readonly connectTimeout: number
  readonly maxIdle: number
}

type Created = (error: Error | null, stream: Duplex) => void

class HttpAgent extends http.Agent {
  readonly #settings: Settings

  constructor(settings: Settings) {
    super(agentOptions(settings))
    this.#settings = settings
  }

  override createConnection(options: http.ClientRequestArgs, created?: Created) {
    const socket = super.createConnection(newConnection(options), created)
    limitConnecting(socket as Socket, 'connect', this.#settings.connectTimeout)
    return socket
  }

  override reuseSocket(socket: Duplex, request: http.ClientRequest): void {
    stopIdleTimer(socket)
    super.reuseSocket(socket, request)
  }
}

class HttpsAgent extends https.Agent {
  readonly #settings: Settings

  constructor(settings: Settings) {
    super(agentOptions(settings))
    this.#settings = settings
  }

  override createConnection(options: https.RequestOptions, created?: Created) {
    const socket = super.createConnection(newConnection(options), created)
    limitConnecting(socket as Socket, 'secureConnect', this.#settings.connectTimeout)
    return socket
  }

  override reuseSocket(socket: Duplex, request: http.ClientRequest): void {
    stopIdleTimer(socket)
    super.reuseSocket(socket, request)
  }
}

/** No cap on sockets: a cap turns one body that nobody reads into a hang of the calls queued behind it. */
function agentOptions(settings: Settings): https.AgentOptions {
  return {
    keepAlive: true,
    keepAliveMsecs,
    noDelay: true,
    maxSockets: Number.POSITIVE_INFINITY,
    maxFreeSockets: Number.POSITIVE_INFINITY,
    timeout: settings.maxIdle,
  }
}

/**
 * The agent's `timeout` is meant for idle connections alone, and Node sets it when one becomes idle. It is taken off
 * new and reused connections, or a peer that thinks longer than `maxIdle` would see timeout events in mid-request.
 */
function newConnection<T extends { timeout?: number }>(options: T): T {
  return { ...options, timeout: undefined }
}

function stopIdleTimer(socket: Duplex): void {
  ;(socket as Socket).setTimeout(0)
}

function limitConnecting(socket: Socket, ready: 'connect' | 'secureConnect', ofAgent: number): void {
  const timeout = connectTimeoutOfCall ?? ofAgent
  const timer = setTimeout(() => {
    const message = `No connection within ${timeout} ms. Check the endpoint and the network, or raise timeouts.connect.`
    const context = { timeout, sent: false }
    socket.destroy(new TransferError('TIMEOUT', message, { retry: 'temporary', context }))
  }, timeout)
  // The connecting socket itself keeps the process alive as long as somebody waits for it.
  timer.unref()
  socket.once(ready, () => clearTimeout(timer))
  socket.once('close', () => clearTimeout(timer))
}
