import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { type ConnectionCounts, Connections } from './servers/connections'
import { drained } from './servers/drained'
import { resetDelay, resetSocket } from './servers/reset-socket'

/** The way bytes go: from the client to the target, or back. */
export type ProxyDirection = 'to-target' | 'to-client'

/** Bytes are counted from the call on, over all connections; the one that carries the last of them is hit. Once. */
export interface ProxyPoint {
  readonly direction: ProxyDirection
  readonly after: number
}

export interface FaultProxyOptions {
  readonly target: {
    /** @default '127.0.0.1' */
    readonly host?: string
    readonly port: number
  }
  /** @default 0: any free one */
  readonly port?: number
}

/** What is set holds for connections that exist and for those to come, until it is set anew. */
export interface FaultProxy {
  /** Such as `http://127.0.0.1:40123`. */
  readonly url: string
  readonly host: string
  readonly port: number
  /** Connections of clients. */
  readonly connections: ConnectionCounts
  /** Every byte arrives that many milliseconds later, each way. */
  delay(ms: number): void
  /** Bytes per second each way, all connections together; undefined: no limit. */
  limit(bytesPerSecond: number | undefined): void
  /** New connections get ECONNREFUSED; those that exist go on. */
  refuse(): Promise<void>
  /** Ends {@link FaultProxy.refuse}. */
  accept(): Promise<void>
  /** Sends RST both ways: to all connections now, or to one of them at a point to come. */
  reset(point?: ProxyPoint): void
  /** Sends FIN to the receiver at that point; what else comes that way is dropped. */
  truncate(point: ProxyPoint): void
  /** Flips the byte that comes after `after` others. */
  corrupt(point: ProxyPoint): void
  /** A peer that is there and silent: sockets stay open and nothing moves that way. @default both ways */
  stall(direction?: ProxyDirection): void
  /** Ends {@link FaultProxy.stall}: what was held back arrives. */
  resume(): void
  /** Destroys all connections and frees the port. May be called twice. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

interface Trap {
  readonly act: 'reset' | 'truncate' | 'corrupt'
  readonly direction: ProxyDirection
  left: number
}

/** Held back at most for each direction of a connection, in bytes: what a long fat line would have in flight. */
const maxHeld = 4 * 1024 ** 2

/** A gate that can be shut; those who wait pass when it opens. */
class Gate {
  #wait: Promise<void> | undefined
  #open = () => {}

  shut(): void {
    if (this.#wait) return
    this.#wait = new Promise((resolve) => {
      this.#open = resolve
    })
  }

  open(): void {
    this.#wait = undefined
    this.#open()
  }

  pass(): Promise<void> | undefined {
    return this.#wait
  }
}

/** Without keeping a process alive that has closed the proxy. */
const sleep = (ms: number): Promise<void> => setTimeout(ms, undefined, { ref: false })

class Controls {
  delayMs = 0
  bytesPerSecond: number | undefined
  traps: Trap[] = []
  readonly gates: Record<ProxyDirection, Gate> = { 'to-target': new Gate(), 'to-client': new Gate() }
  readonly #freeAt: Record<ProxyDirection, number> = { 'to-target': 0, 'to-client': 0 }

  /** Waits for the turn of `size` bytes on a line that all connections share. */
  async turn(direction: ProxyDirection, size: number): Promise<void> {
    if (this.bytesPerSecond === undefined) return
    const now = performance.now()
    const start = Math.max(now, this.#freeAt[direction])
    this.#freeAt[direction] = start + (size / this.bytesPerSecond) * 1000
    if (this.#freeAt[direction] > now) await sleep(this.#freeAt[direction] - now)
  }

  /** The trap that ends this chunk early, with corruption already done to the bytes before it. */
  spring(direction: ProxyDirection, chunk: Buffer): { chunk: Buffer; act?: 'reset' | 'truncate' } {
    let bytes = chunk
    let act: 'reset' | 'truncate' | undefined
    for (const trap of this.traps.filter((one) => one.direction === direction)) {
      const hit = trap.act === 'corrupt' ? trap.left < bytes.length : trap.left <= bytes.length
      if (!hit) {
        trap.left -= bytes.length
        continue
      }
      this.traps = this.traps.filter((other) => other !== trap)
      if (trap.act === 'corrupt') {
        bytes = Buffer.from(bytes)
        bytes[trap.left]! ^= 0xff
      } else {
        bytes = bytes.subarray(0, trap.left)
        act = trap.act
      }
    }
    return { chunk: bytes, act }
  }
}

/**
 * A TCP proxy on 127.0.0.1 in front of any service, whose lines break on demand.
 *
 * @example
 * const proxy = await faultProxy({ target: { port: server.port } })
 * proxy.reset({ direction: 'to-target', after: 3_000_000 })
 */
export async function faultProxy({ target, port = 0 }: FaultProxyOptions): Promise<FaultProxy> {
  const controls = new Controls()
  const server = createServer({ allowHalfOpen: true })
  const connections = new Connections(server)
  const upstream = new Set<Socket>()
  server.on('connection', (client) => {
    const far = connect({ host: target.host ?? '127.0.0.1', port: target.port, allowHalfOpen: true })
    upstream.add(far)
    far.on('error', () => {})
    far.once('close', () => upstream.delete(far))
    pump(client, far, 'to-target', controls)
    pump(far, client, 'to-client', controls)
  })
  const listen = async (on: number) => {
    server.listen(on, '127.0.0.1')
    await once(server, 'listening')
  }
  await listen(port)
  const bound = (server.address() as AddressInfo).port
  const trap = (act: Trap['act'], { direction, after }: ProxyPoint) => {
    controls.traps.push({ act, direction, left: after })
  }
  const resume = () => {
    controls.gates['to-target'].open()
    controls.gates['to-client'].open()
  }
  const close = async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    connections.destroy()
    for (const socket of upstream) socket.destroy()
    resume()
    await closed
  }
  return {
    url: `http://127.0.0.1:${bound}`,
    host: `127.0.0.1:${bound}`,
    port: bound,
    connections,
    delay(ms) {
      controls.delayMs = ms
    },
    limit(bytesPerSecond) {
      controls.bytesPerSecond = bytesPerSecond
    },
    async refuse() {
      server.close()
    },
    async accept() {
      if (!server.listening) await listen(bound)
    },
    reset(point) {
      if (point) trap('reset', point)
      else for (const socket of [...connections.sockets, ...upstream]) resetSocket(socket)
    },
    truncate: (point) => trap('truncate', point),
    corrupt: (point) => trap('corrupt', point),
    stall(direction) {
      if (direction !== 'to-client') controls.gates['to-target'].shut()
      if (direction !== 'to-target') controls.gates['to-client'].shut()
    },
    resume,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Moves bytes one way until an end, an error or a trap. */
function pump(from: Socket, to: Socket, direction: ProxyDirection, controls: Controls): void {
  const held = { bytes: 0 }
  let last = Promise.resolve()
  const inOrder = (work: () => Promise<void>) => {
    const due = performance.now() + controls.delayMs
    last = last.then(async () => {
      const wait = due - performance.now()
      if (wait > 0) await sleep(wait)
      if (!to.destroyed) await work()
    })
  }
  from.on('data', (chunk: Buffer) => {
    held.bytes += chunk.length
    if (held.bytes >= maxHeld || controls.bytesPerSecond !== undefined) from.pause()
    inOrder(async () => {
      await forward(chunk, from, to, direction, controls)
      held.bytes -= chunk.length
      from.resume()
    })
  })
  from.on('end', () =>
    inOrder(async () => {
      await controls.gates[direction].pass()
      to.end()
    }),
  )
  // A reset is passed on as a reset, whatever is still held back, but not past a stall.
  from.on('error', async () => {
    await controls.gates[direction].pass()
    resetSocket(to)
  })
  from.on('close', () => inOrder(async () => void to.end()))
}

async function forward(
  chunk: Buffer,
  from: Socket,
  to: Socket,
  direction: ProxyDirection,
  controls: Controls,
): Promise<void> {
  const rate = controls.bytesPerSecond
  const piece = rate === undefined ? chunk.length : Math.max(1, Math.min(chunk.length, Math.ceil(rate / 20)))
  for (let offset = 0; offset < chunk.length; offset += piece) {
    await controls.turn(direction, piece)
    await controls.gates[direction].pass()
    if (to.destroyed || to.writableEnded) return
    const { chunk: bytes, act } = controls.spring(direction, chunk.subarray(offset, offset + piece))
    const written = new Promise((resolve) => to.write(bytes, resolve))
    if (act) await written
    else if (to.writableNeedDrain) await drained(to)
    if (act === 'reset') {
      await sleep(resetDelay)
      resetSocket(to)
      resetSocket(from)
      return
    }
    if (act === 'truncate') {
      to.end()
      return
    }
  }
}
