import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type FaultProxy, faultProxy } from '../../src/testing/fault-proxy'

/** Sends back what it gets; ends when the client ends. */
async function echoServer(): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

/** A client that keeps what it is sent, and how it ended. */
class Client {
  readonly socket: Socket
  received = Buffer.alloc(0)
  outcome: string | undefined

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk])
    })
    this.socket.on('end', () => {
      this.outcome ??= 'FIN'
    })
    this.socket.on('error', (error: NodeJS.ErrnoException) => {
      this.outcome ??= error.code
    })
  }

  async until(met: (client: Client) => boolean): Promise<void> {
    while (!met(this)) await new Promise((resolve) => setTimeout(resolve, 2))
  }

  has(text: string): Promise<void> {
    return this.until((client) => client.received.toString() === text)
  }

  over(): Promise<void> {
    return this.until((client) => client.outcome !== undefined)
  }
}

describe('the fault proxy', () => {
  let target: Server
  let proxy: FaultProxy
  const clients: Client[] = []
  const client = () => {
    const made = new Client(proxy.port)
    clients.push(made)
    return made
  }

  beforeEach(async () => {
    target = await echoServer()
    proxy = await faultProxy({ target: { port: (target.address() as AddressInfo).port } })
  })
  afterEach(async () => {
    for (const { socket } of clients.splice(0)) socket.destroy()
    await proxy.close()
    target.close()
  })

  it('passes bytes and ends both ways, and counts connections', async () => {
    const one = client()
    one.socket.write('hello')
    await one.has('hello')
    expect(proxy.connections).toMatchObject({ open: 1, opened: 1 })
    one.socket.end(' and bye')
    await one.over()
    expect(one.received.toString()).toBe('hello and bye')
    expect(one.outcome).toBe('FIN')
    await one.until(() => proxy.connections.open === 0)
    expect(proxy.connections.opened).toBe(1)
  })

  it('moves much in order', async () => {
    const bytes = Buffer.alloc(3_000_000, 'abcdefghijklmno')
    const one = client()
    one.socket.end(bytes)
    await one.over()
    expect(one.received.equals(bytes)).toBe(true)
  })

  it('delays each way', async () => {
    proxy.delay(60)
    const one = client()
    const start = performance.now()
    one.socket.write('x')
    await one.has('x')
    expect(performance.now() - start).toBeGreaterThanOrEqual(118)
  })

  it('limits the bandwidth', async () => {
    proxy.limit(100_000)
    const one = client()
    const start = performance.now()
    one.socket.end(Buffer.alloc(20_000))
    await one.over()
    expect(one.received.length).toBe(20_000)
    expect(performance.now() - start).toBeGreaterThanOrEqual(195)
  })

  it('refuses new connections, keeps the old, and accepts again', async () => {
    const old = client()
    old.socket.write('a')
    await old.has('a')
    await proxy.refuse()
    const refused = client()
    await refused.over()
    expect(refused.outcome).toBe('ECONNREFUSED')
    old.socket.write('b')
    await old.has('ab')
    await proxy.accept()
    const later = client()
    later.socket.write('c')
    await later.has('c')
  })

  it('resets all connections', async () => {
    const both = [client(), client()]
    for (const one of both) {
      one.socket.write('x')
      await one.has('x')
    }
    proxy.reset()
    for (const one of both) {
      await one.over()
      expect(one.outcome).toBe('ECONNRESET')
    }
  })

  it('resets one connection at a point, and only once', async () => {
    proxy.reset({ direction: 'to-client', after: 4 })
    const one = client()
    one.socket.write('abcdefgh')
    await one.over()
    expect(one.outcome).toBe('ECONNRESET')
    expect(one.received.toString()).toBe('abcd')
    const next = client()
    next.socket.write('abcdefgh')
    await next.has('abcdefgh')
  })

  it('ends early at a point', async () => {
    proxy.truncate({ direction: 'to-client', after: 3 })
    const one = client()
    one.socket.write('abcdefgh')
    await one.over()
    expect([one.outcome, one.received.toString()]).toEqual(['FIN', 'abc'])
  })

  it('flips one byte', async () => {
    proxy.corrupt({ direction: 'to-target', after: 2 })
    const one = client()
    one.socket.write(Buffer.from([1, 2, 3, 4]))
    await one.until(({ received }) => received.length === 4)
    expect([...one.received]).toEqual([1, 2, 3 ^ 0xff, 4])
  })

  it('stalls one way with the socket open, and delivers what it held when it resumes', async () => {
    const one = client()
    one.socket.write('a')
    await one.has('a')
    proxy.stall('to-client')
    one.socket.write('b')
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect([one.received.toString(), one.outcome]).toEqual(['a', undefined])
    proxy.resume()
    await one.has('ab')
  })

  it('resets the client where the target cannot be reached', async () => {
    target.close()
    await once(target, 'close')
    const one = client()
    await one.over()
    expect(one.outcome).toBe('ECONNRESET')
  })

  it('closes with connections open, also stalled ones, and twice', async () => {
    const one = client()
    one.socket.write('x')
    await one.has('x')
    proxy.stall()
    await proxy.close()
    await proxy.close()
    await one.over()
    expect(proxy.connections.open).toBe(0)
  })
})
