import type { Agent } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { limitConnecting } from './connect-timeout'
import { connectionOpened, connectionReused } from './connection-news'
import type { Freshness, Stamp } from './freshness'
import type { Holder } from './holder'

/** On whose behalf a connection is chosen. */
export interface Call {
  /** Milliseconds a new connection may take. @default that of the agents */
  readonly connectTimeout?: number
  readonly holder?: Holder
}

interface Held {
  readonly stamp: Stamp
  holder: Holder | undefined
  idleSince: number
}

export type Created = (error: Error | null, stream: Duplex) => void

/** What both agents know of their sockets. */
export class SocketKeeper {
  readonly #held = new WeakMap<Duplex, Held>()
  #call: Call = {}

  constructor(
    private readonly agent: Agent,
    private readonly freshness: Freshness,
    private readonly connectTimeout: number,
  ) {}

  /**
   * Sockets chosen while `fn` runs, before it returns, are chosen for `call`: neither SDK has an option that reaches
   * the agent. No AsyncLocalStorage: before Node 24 its use makes every promise of the host process dearer.
   */
  during<T>(call: Call, fn: () => T): T {
    const outer = this.#call
    this.#call = call
    try {
      return fn()
    } finally {
      this.#call = outer
    }
  }

  /** Before an idle socket is looked for. */
  beforeRequest(): void {
    this.freshness.check()
    this.dropStale()
  }

  open(
    ready: 'connect' | 'secureConnect',
    created: Created | undefined,
    connect: (created: Created) => Duplex | null | undefined,
  ): Duplex | null | undefined {
    const { holder, connectTimeout = this.connectTimeout } = this.#call
    const keep = (socket: Duplex) => this.#keep(socket, holder)
    let stop = () => {}
    // Called with a socket where it stands only later, at the end of a proxy's tunnel.
    const socket = connect((error, tunnel) => {
      stop()
      if (tunnel) keep(tunnel)
      created?.(error, tunnel)
    })
    if (socket) {
      stop = limitConnecting(socket as Socket, ready, connectTimeout)
      keep(socket)
    }
    return socket
  }

  /** Whether a socket that comes back may wait for another request. One that was made elsewhere may not. */
  mayRest(socket: Duplex): boolean {
    const held = this.#held.get(socket)
    if (!held || !this.freshness.isFresh(held.stamp)) return false
    held.idleSince = performance.now()
    return true
  }

  reuse(socket: Duplex): void {
    // The agent's `timeout` is for idle sockets alone: a peer may think for longer than that.
    ;(socket as Socket).setTimeout(0)
    const held = this.#held.get(socket)
    if (!held) return
    held.idleSince = Number.POSITIVE_INFINITY
    connectionReused('agent')
    const { holder } = this.#call
    if (holder) holder.take(socket, held.holder)
    else held.holder?.release(socket)
    held.holder = holder
  }

  dropStale(): void {
    this.#drop((socket) => {
      const held = this.#held.get(socket)
      return !held || !this.freshness.isFresh(held.stamp) || this.freshness.hasRestedTooLong(held.idleSince)
    })
  }

  dropIdle(): void {
    this.#drop(() => true)
  }

  #keep(socket: Duplex, holder: Holder | undefined): void {
    const held: Held = { stamp: this.freshness.stamp(), holder, idleSince: Number.POSITIVE_INFINITY }
    this.#held.set(socket, held)
    holder?.take(socket)
    socket.once('close', () => held.holder?.release(socket))
    // Only one that rests has a timeout. It may be early by a part of a millisecond.
    socket.on('timeout', () => {
      if (held.idleSince < Number.POSITIVE_INFINITY) held.idleSince = Number.NEGATIVE_INFINITY
    })
    connectionOpened(
      'agent',
      (closed) => socket.once('close', closed),
      () => this.freshness.retirement(held.stamp, held.idleSince),
    )
  }

  #drop(isUnwanted: (socket: Socket) => boolean): void {
    dropFreeSockets(this.agent, isUnwanted)
  }
}

/** Also takes them off the list: until they have closed, an agent would hand out even destroyed ones. */
export function dropFreeSockets(agent: Agent, isUnwanted: (socket: Socket) => boolean = () => true): void {
  const free = agent.freeSockets as Record<string, Socket[]>
  for (const [name, sockets] of Object.entries(free)) {
    const unwanted = sockets.filter(isUnwanted)
    if (unwanted.length === 0) continue
    const rest = sockets.filter((socket) => !unwanted.includes(socket))
    if (rest.length > 0) sockets.splice(0, sockets.length, ...rest)
    else delete free[name]
    for (const socket of unwanted) socket.destroy()
  }
}
