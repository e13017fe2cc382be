import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import * as tls from 'node:tls'
import { onTestFinished } from 'vitest'
import { DirectGet, type DirectRequest } from '../../../../src/adapters/object-store/direct-get/direct-get'
import { type AgentsOptions, LifecycleAgents } from '../../../../src/lifecycle/agents'
import { Freshness } from '../../../../src/lifecycle/freshness'
import { certificate, certificateKey } from '../../../support/certificate'

/** Answers one request: what it writes is what the peer receives. */
export type Answer = (socket: Socket, request: string, nth: number) => unknown

export interface RawServerOptions {
  /** @default '127.0.0.1' */
  readonly host?: string
  /** @default 'http:' */
  readonly protocol?: Protocol
}

export type Protocol = 'http:' | 'https:'

/** What is true of plain connections should be true of those with TLS. */
export const protocols: readonly Protocol[] = ['http:', 'https:']

export interface RawServer {
  readonly protocol: Protocol
  readonly host: string
  readonly port: number
  /** What was received, head by head. */
  readonly requests: readonly string[]
  /** How many connections there were so far. */
  readonly accepted: number
  /** Those that are open. */
  readonly sockets: ReadonlySet<Socket>
  readonly close: () => Promise<void>
}

/** A TCP server that knows of HTTP only where a request ends. It is closed at the end of the test. */
export async function rawServer(answer: Answer, options: RawServerOptions = {}): Promise<RawServer> {
  const { host = '127.0.0.1', protocol = 'http:' } = options
  const requests: string[] = []
  const sockets = new Set<Socket>()
  let accepted = 0
  const serve = (socket: Socket) => {
    accepted++
    sockets.add(socket)
    // Node cannot reset the connection below a TLS socket by itself.
    const { _parent: below } = socket as Socket & { _parent?: Socket }
    if (below) socket.resetAndDestroy = () => below.resetAndDestroy()
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    let text = ''
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1')
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        requests.push(text.slice(0, end + 4))
        text = text.slice(end + 4)
        answer(socket, requests.at(-1)!, requests.length)
      }
    })
  }
  const server =
    protocol === 'https:'
      ? tls.createServer({ noDelay: true, cert: certificate, key: certificateKey }, serve)
      : createServer({ noDelay: true }, serve)
  server.listen(0, host)
  await once(server, 'listening')
  const close = async () => {
    for (const socket of sockets) socket.destroy()
    if (server.listening) await new Promise((done) => server.close(done))
  }
  onTestFinished(close)
  const { port } = server.address() as AddressInfo
  return {
    protocol,
    host,
    port,
    requests,
    sockets,
    close,
    get accepted() {
      return accepted
    },
  }
}

/** A DirectGet whose connections are closed at the end of the test. */
export function directGet(): DirectGet {
  const direct = unownedDirectGet()
  onTestFinished(() => direct.destroy())
  return direct
}

/** Whoever makes it closes its connections. */
export function unownedDirectGet(options: AgentsOptions = { tls: { ca: certificate } }): DirectGet {
  const freshness = new Freshness()
  return new DirectGet(freshness, new LifecycleAgents(freshness, options))
}

type Address = Pick<RawServer, 'host' | 'port'> & Partial<Pick<RawServer, 'protocol'>>

export const requestTo = ({ protocol = 'http:', host, port }: Address, path = '/'): DirectRequest => ({
  protocol,
  host,
  port,
  path,
  headers: { host: `${host}:${port}` },
})

/** A head that announces so many bytes. */
export const headOf = (size: number, ...lines: string[]) =>
  ['HTTP/1.1 200 OK', `Content-Length: ${size}`, ...lines, '', ''].join('\r\n')

export const reply = (body: string, ...lines: string[]) => headOf(Buffer.byteLength(body), ...lines) + body

/** Repeats with a period that no buffer size is a multiple of, so bytes of another place do not look right. */
const period = 251
const pattern = Buffer.from(Array.from({ length: 1 << 20 }, (_, at) => at % period))

/** What a body of the pattern has from `start` on. */
export const patternAt = (start: number, size: number) =>
  pattern.subarray(start % period, (start % period) + size)

/** Sends so many bytes of the pattern, as fast as the peer takes them, and says how many the kernel took so far. */
export async function sendPattern(
  socket: Socket,
  size: number,
  sent = (_bytes: number) => {},
): Promise<void> {
  for (let at = 0; at < size && !socket.destroyed; sent(at)) {
    const bytes = patternAt(at, Math.min(64 * 1024, size - at))
    at += bytes.length
    await new Promise<unknown>((done) => socket.write(bytes, done))
  }
}

/** Reads a body to its end, looking at every byte twice, with the event loop running in between. */
export async function readPattern(body: AnyIterable, pause = nothing): Promise<number> {
  let at = 0
  for await (const chunk of body) {
    for (let look = 0; look < 2; look++) {
      if (!patternAt(at, chunk.length).equals(chunk)) throw new Error(`wrong bytes in the chunk at ${at}`)
      if (look === 0) await pause()
    }
    at += chunk.length
  }
  return at
}

type AnyIterable = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

const nothing = async () => {}

export async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  let text = ''
  for await (const chunk of body) text += Buffer.from(chunk).toString('latin1')
  return text
}
