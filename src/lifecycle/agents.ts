import type * as http from 'node:http'
import type * as https from 'node:https'
import type { Duplex } from 'node:stream'
import type { SecureContextOptions } from 'node:tls'
import { defaultConnectTimeout } from './connect-timeout'
import { environmentProxies } from './environment-proxies'
import type { ConnectionPool, Freshness } from './freshness'
import { type Call, type Created, SocketKeeper } from './socket-keeper'

/** Keep-alive agents for both protocols, which the caller's own requests may use too. */
export interface Agents {
  readonly http: http.Agent
  readonly https: https.Agent
}

export interface AgentsOptions {
  /** Milliseconds a new connection may take, its TLS handshake included. @default 10000 */
  readonly connectTimeout?: number
  /** Of servers whose certificates no public authority has signed, and for those that ask for ours. */
  readonly tls?: Pick<SecureContextOptions, 'ca' | 'cert' | 'key' | 'passphrase' | 'pfx'>
}

/** First TCP probe of a quiet connection, in milliseconds: NAT gateways forget one after 350 s. */
const keepAliveMsecs = 60_000

/** The agents of one lifecycle. */
export class LifecycleAgents implements Agents, ConnectionPool {
  readonly http: KeptAgent<http.Agent>
  readonly https: KeptAgent<https.Agent>

  constructor(freshness: Freshness, options: AgentsOptions = {}) {
    // Node's modules of HTTP are loaded at the first use: a start-up snapshot cannot hold them.
    const { Agent: HttpAgent } = process.getBuiltinModule('node:http')
    const { Agent: HttpsAgent } = process.getBuiltinModule('node:https')
    const { tls, connectTimeout } = options
    const keeperOf = (agent: http.Agent) =>
      new SocketKeeper(agent, freshness, connectTimeout ?? defaultConnectTimeout)
    const shared = agentOptions(freshness)
    this.http = keptAgent(HttpAgent, shared, 'connect', keeperOf)
    this.https = keptAgent(HttpsAgent, { ...tls, ...shared }, 'secureConnect', keeperOf)
  }

  /** The same agents, on behalf of a caller. */
  for(call: Call): Agents {
    return { http: viewFor(this.http, call), https: viewFor(this.https, call) }
  }

  dropIdle(): void {
    this.http.keeper.dropIdle()
    this.https.keeper.dropIdle()
  }

  dropStale(): void {
    this.http.keeper.dropStale()
    this.https.keeper.dropStale()
  }

  destroy(): void {
    this.http.destroy()
    this.https.destroy()
  }
}

type KeptAgent<Agent> = Agent & Entrance & { readonly keeper: SocketKeeper }

/** Where requests enter an agent; the types do not know it. */
interface Entrance {
  addRequest(...values: unknown[]): void
}

/** Of both protocols: https.Agent is an http.Agent with methods of the same names. */
function keptAgent<Agent extends http.Agent>(
  Agent: new (options: https.AgentOptions) => Agent,
  options: https.AgentOptions,
  ready: 'connect' | 'secureConnect',
  keeperOf: (agent: http.Agent) => SocketKeeper,
): KeptAgent<Agent> {
  const Base = Agent as unknown as new (options: https.AgentOptions) => http.Agent & Entrance
  class FreshAgent extends Base {
    readonly keeper: SocketKeeper = keeperOf(this)

    override addRequest(...values: unknown[]): void {
      this.keeper.beforeRequest()
      super.addRequest(...values)
    }

    override createConnection(request: http.ClientRequestArgs, created?: Created) {
      return this.keeper.open(ready, created, (wrapped) =>
        super.createConnection(newConnection(request), wrapped),
      )
    }

    override keepSocketAlive(socket: Duplex): boolean {
      return this.keeper.mayRest(socket) && mayRest(super.keepSocketAlive(socket))
    }

    override reuseSocket(socket: Duplex, request: http.ClientRequest): void {
      this.keeper.reuse(socket)
      super.reuseSocket(socket, request)
    }
  }
  return new FreshAgent(options) as unknown as KeptAgent<Agent>
}

function viewFor<T extends KeptAgent<http.Agent>>(agent: T, call: Call): T {
  return Object.create(agent, {
    addRequest: {
      value: (...values: unknown[]) => agent.keeper.during(call, () => agent.addRequest(...values)),
    },
  })
}

/** What the types call void is false where the server wants the connection closed. */
const mayRest = (answer: unknown): boolean => answer !== false

/**
 * As many sockets as requests are under way, so as many as the concurrency of transfers asks for. No cap: it would
 * turn one body that nobody reads into a hang of the calls queued behind it.
 */
function agentOptions({ maxIdle }: Freshness): https.AgentOptions {
  return {
    keepAlive: true,
    keepAliveMsecs,
    noDelay: true,
    maxSockets: Number.POSITIVE_INFINITY,
    maxFreeSockets: Number.POSITIVE_INFINITY,
    timeout: maxIdle,
    ...environmentProxies(),
  }
}

/**
 * The agent's `timeout` is meant for idle connections alone, and Node sets it when one becomes idle. It is taken off
 * new and reused connections, or a peer that thinks longer than `maxIdle` would see timeout events in mid-request.
 */
function newConnection<T extends { timeout?: number }>(options: T): T {
  return { ...options, timeout: undefined }
}
