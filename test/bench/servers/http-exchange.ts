import { STATUS_CODES } from 'node:http'
import { stretch } from '../pattern.mjs'
import { type Connection, listen } from './accept'

export interface Request {
  readonly method: string
  /** Decoded. */
  readonly path: string
  readonly query: URLSearchParams
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Bytes of the body; those of its content where it came in aws-chunked form. */
  readonly size: number
  /** The body of anything but a PUT. */
  readonly text: string
}

export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string | number>>
  /** A text, or a stretch of the pattern. */
  readonly body?: string | { readonly start: number; readonly end: number }
}

/** Slices of a MiB handed to the kernel at a time. */
const batch = 8

/** HTTP/1.1 by hand, for clients that mean well: bodies of stated length, one request at a time on a connection. */
export async function serve(tls: boolean, answer: (request: Request) => Reply): Promise<number> {
  return listen(tls, (connection) => readHead(connection, answer, Buffer.alloc(0)))
}

function readHead(connection: Connection, answer: (request: Request) => Reply, held: Buffer): void {
  const look = (bytes: Buffer) => {
    const all = held.length > 0 ? Buffer.concat([held, bytes]) : bytes
    const end = all.indexOf('\r\n\r\n')
    if (end < 0) {
      held = Buffer.from(all)
      return
    }
    const head = parse(all.toString('latin1', 0, end))
    if (head.headers.expect) connection.socket.write('HTTP/1.1 100 Continue\r\n\r\n')
    readBody(connection, answer, head, all.subarray(end + 4))
  }
  connection.receive = look
  if (held.length > 0) look(Buffer.alloc(0))
}

function readBody(
  connection: Connection,
  answer: (request: Request) => Reply,
  head: Omit<Request, 'size' | 'text'>,
  first: Buffer,
): void {
  const { headers, method } = head
  // Its clients would go on for ever; the benchmark is to fail instead.
  if (headers['transfer-encoding']) throw new Error(`${method} ${head.path}: a body of unstated length`)
  const length = Number(headers['content-length'] ?? 0)
  const kept: Buffer[] = []
  let left = length
  const take = (bytes: Buffer) => {
    const mine = bytes.subarray(0, left)
    left -= mine.length
    if (method !== 'PUT' && mine.length > 0) kept.push(Buffer.from(mine))
    if (left > 0) return
    let rest = Buffer.from(bytes.subarray(mine.length))
    const size = Number(headers['x-amz-decoded-content-length'] ?? length)
    const reply = answer({ ...head, size, text: Buffer.concat(kept).toString() })
    // The client may have the whole answer before we hear that it is sent.
    connection.receive = (early) => {
      rest = Buffer.concat([rest, early])
    }
    write(connection, reply, method === 'HEAD', () => readHead(connection, answer, rest))
  }
  connection.receive = take
  take(first)
}

function parse(text: string): Omit<Request, 'size' | 'text'> {
  const [line = '', ...lines] = text.split('\r\n')
  const [method = '', target = ''] = line.split(' ')
  const [path = '', search] = target.split('?', 2)
  const headers: Record<string, string> = {}
  for (const header of lines) {
    const colon = header.indexOf(':')
    headers[header.slice(0, colon).toLowerCase()] = header.slice(colon + 1).trim()
  }
  return { method, path: decodeURIComponent(path), query: new URLSearchParams(search), headers }
}

function write({ socket }: Connection, reply: Reply, headOnly: boolean, done: () => void): void {
  const { status, headers = {}, body = '' } = reply
  const size = typeof body === 'string' ? Buffer.byteLength(body) : body.end - body.start
  const lines = Object.entries({ 'content-length': size, ...headers }).map((pair) => pair.join(': '))
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', ''].join('\r\n')
  if (headOnly || typeof body === 'string') {
    socket.write(headOnly ? head : head + body)
    done()
    return
  }
  const slices = stretch(body.start, body.end)
  const more = () => {
    if (socket.destroyed) return
    socket.cork()
    let sent: Buffer | undefined
    for (let count = 0; count < batch; count += 1) {
      const next = slices.next()
      if (next.done) break
      if (sent) socket.write(sent)
      sent = next.value
    }
    if (sent) socket.write(sent, more)
    socket.uncork()
    if (!sent) done()
  }
  socket.write(head)
  more()
}
