import { once } from 'node:events'
import * as http from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import * as net from 'node:net'
import { S3Client } from '@aws-sdk/client-s3'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { ceph } from '../../src/adapters/ceph'
import { cos } from '../../src/adapters/cos'
import { memory } from '../../src/adapters/memory'
import { createLifecycle, type Lifecycle, lifecycle as shared } from '../../src/lifecycle'
import { cosServer, s3Server, writeObject } from '../../src/testing'
import { transfer } from '../../src/transfer/transfer'
import { withDirectReads } from '../support/direct-reads'
import { settled } from '../support/handles'

// They count the connections of both kinds.
withDirectReads()

function lifecycleWith(options: Parameters<typeof createLifecycle>[0] = {}): Lifecycle {
  const made = createLifecycle(options)
  onTestFinished(() => made.close())
  return made
}

interface WatchedServer {
  readonly port: number
  readonly open: ReadonlySet<Socket>
  readonly opened: number
  readonly received: number
}

async function serverWith(listener: http.RequestListener): Promise<WatchedServer> {
  const server = http.createServer({ keepAliveTimeout: 600_000 }, listener)
  const open = new Set<Socket>()
  const facts = { opened: 0, received: 0 }
  server.on('connection', (socket) => {
    facts.opened += 1
    open.add(socket)
    socket.on('data', (bytes: Buffer) => {
      facts.received += bytes.length
    })
    socket.on('close', () => open.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    port,
    open,
    get opened() {
      return facts.opened
    },
    get received() {
      return facts.received
    },
  }
}

const plain = () => serverWith((_, reply) => reply.end('x'))

async function get(port: number, agent: http.Agent): Promise<Socket> {
  const request = http.get({ host: '127.0.0.1', port, agent })
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  const { socket } = response
  response.resume()
  await once(response, 'close')
  return socket
}

/** Has this process pass for another one. */
function pretendPid(pid: number): void {
  const own = Object.getOwnPropertyDescriptor(process, 'pid') as PropertyDescriptor
  Object.defineProperty(process, 'pid', { ...own, value: pid })
  onTestFinished(() => {
    Object.defineProperty(process, 'pid', own)
  })
}

describe('the start of a task', () => {
  it('drops idle connections, though their servers keep them open', async () => {
    const server = await plain()
    const { agents, onTaskStart } = bound(lifecycleWith())
    const before = await get(server.port, agents.http)
    await onTaskStart()
    expect(before.destroyed).toBe(true)
    expect(await get(server.port, agents.http)).not.toBe(before)
    expect(server.opened).toBe(2)
  })

  it('leaves a connection in use alone, and has it closed when it comes back', async () => {
    let answer = () => {}
    const server = await serverWith((_, reply) => {
      answer = () => reply.end('late')
    })
    const { agents, onTaskStart } = bound(lifecycleWith())
    const asking = get(server.port, agents.http)
    await settled(() => server.received > 0)
    await onTaskStart()
    expect(server.open.size).toBe(1)
    answer()
    const socket = await asking
    await settled(() => socket.destroyed)
    expect(Object.keys(agents.http.freeSockets)).toEqual([])
  })

  it('acts at once, for whoever does not await it', async () => {
    const server = await plain()
    const { agents, onTaskStart } = bound(lifecycleWith())
    const before = await get(server.port, agents.http)
    void onTaskStart()
    expect(before.destroyed).toBe(true)
    await get(server.port, agents.http)
    expect(server.opened).toBe(2)
  })

  it('lets socket events be read that were pending', async () => {
    const server = net.createServer((socket) => socket.end())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const socket = net.connect((server.address() as AddressInfo).port, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(socket, 'connect')
    let ended = false
    socket.resume().on('end', () => {
      ended = true
    })
    // Nothing of the event loop runs meanwhile, so the end of the stream waits in the kernel.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
    await lifecycleWith().onTaskStart()
    expect(ended).toBe(true)
  })
})

describe('a fork', () => {
  it('drops idle connections and sends and opens nothing', async () => {
    const server = await plain()
    const { agents, onFork } = bound(lifecycleWith())
    const before = await get(server.port, agents.http)
    const { received } = server
    expect(onFork()).toBeUndefined()
    expect(before.destroyed).toBe(true)
    await settled(() => server.open.size === 0)
    expect(server).toMatchObject({ opened: 1, received })
  })

  it('in mid-transfer leaves the transfer alone', async () => {
    const { store, server } = await s3()
    const bytes = Buffer.alloc(12 * 1024 ** 2, 'sluiceway')
    const source = memory()
    await writeObject(source, 'key', bytes)
    let forks = 0
    const result = await transfer(source.source('key'), store.sink('key'), {
      partSize: 5 * 1024 ** 2,
      onProgress() {
        forks += 1
        shared.onFork()
      },
    })
    expect(forks).toBeGreaterThan(0)
    expect(result).toMatchObject({ bytes: bytes.length, retries: 0 })
    expect(server.object('key')?.size).toBe(bytes.length)
  })

  it.each([
    ['the agents', async (made: Lifecycle, port: number) => void (await get(port, made.agents.http))],
    ['the start of a task', (made: Lifecycle) => made.onTaskStart()],
    ['the end of a task', (made: Lifecycle) => made.onTaskEnd()],
  ])('that nobody announced is noticed at the next use, by %s', async (_, use) => {
    const server = await plain()
    const made = lifecycleWith()
    const discarded: string[] = []
    made.register({
      name: 'r',
      idle: () => ['c'],
      isUsable: () => true,
      discard: (c) => void discarded.push(c),
    })
    const before = await get(server.port, made.agents.http)
    pretendPid(process.pid + 1)
    await use(made, server.port)
    expect(before.destroyed).toBe(true)
    expect(discarded).toEqual(['c'])
  })

  it('leaves no room for a connection that was made elsewhere', async () => {
    const server = await plain()
    const { agents } = lifecycleWith()
    const foreign = net.connect(server.port, '127.0.0.1')
    await once(foreign, 'connect')
    Object.assign(foreign, { _httpMessage: { shouldKeepAlive: true } })
    agents.http.emit('free', foreign, { host: '127.0.0.1', port: server.port })
    expect(foreign.destroyed).toBe(true)
    expect(foreign.bytesWritten).toBe(0)
    expect(Object.keys(agents.http.freeSockets)).toEqual([])
  })
})

describe('a standstill of the process', () => {
  it('of which no timer has told yet is noticed at the next request', async () => {
    const server = await plain()
    const { agents } = lifecycleWith()
    const before = await get(server.port, agents.http)
    const now = Date.now()
    // A suspended machine: the clock of the wall has gone on, the monotonic one has not.
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => now + 60_000)
    onTestFinished(() => clock.mockRestore())
    const asking = get(server.port, agents.http)
    expect(before.destroyed).toBe(true)
    await asking
    expect(server.opened).toBe(2)
  })
})

describe('maxAge', () => {
  it('is the end of a connection at the next request, and never in mid-request', async () => {
    const replies: http.ServerResponse[] = []
    const server = await serverWith((_, reply) => void replies.push(reply))
    const { agents } = lifecycleWith({ maxAge: 60 })
    const asking = get(server.port, agents.http)
    await settled(() => replies.length === 1)
    await new Promise((done) => setTimeout(done, 100))
    replies[0]!.end('old')
    const old = await asking
    const second = get(server.port, agents.http)
    await settled(() => replies.length === 2)
    replies[1]!.end('new')
    expect(await second).not.toBe(old)
  })

  it('is judged when a request starts, whatever the connection did before', async () => {
    const server = await plain()
    const { agents } = lifecycleWith({ maxAge: 50 })
    const first = await get(server.port, agents.http)
    await new Promise((done) => setTimeout(done, 60))
    expect(await get(server.port, agents.http)).not.toBe(first)
  })
})

describe('maxIdle', () => {
  it('holds also where the timer has had no chance to run', async () => {
    const server = await plain()
    const { agents } = lifecycleWith({ maxIdle: 50 })
    const first = await get(server.port, agents.http)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
    const request = http.get({ host: '127.0.0.1', port: server.port, agent: agents.http })
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    expect(response.socket).not.toBe(first)
    response.resume()
  })
})

/** A store over a server of its own. */
async function s3(options: { lifecycle?: Lifecycle; client?: S3Client } = {}) {
  const server = await s3Server()
  const { bucket, url: endpoint, credentials } = server
  const store = ceph(options.client ? { bucket, ...options } : { bucket, endpoint, credentials, ...options })
  onTestFinished(() => server.close())
  onTestFinished(() => store.close())
  await server.put('key', 'content')
  return { server, store }
}

async function cosPair(options: { lifecycle?: Lifecycle } = {}) {
  const server = await cosServer()
  const store = cos({
    bucket: server.bucket,
    region: 'ap-guangzhou',
    credentials: server.credentials as never,
    endpoint: server.url,
    ...options,
  })
  onTestFinished(() => server.close())
  onTestFinished(() => store.close())
  await server.put('key', 'content')
  return { server, store }
}

const kinds = { ceph: s3, cos: cosPair }

async function read(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of bytes) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString()
}

describe.each(Object.entries(kinds))('a store of %s', (_, make) => {
  it('belongs to the default lifecycle without being asked, its direct reads included', async () => {
    const { server, store } = await make()
    await store.source('key').stat()
    await read(await store.source('key').open())
    expect(server.connections).toMatchObject({ open: 2, opened: 2 })
    await shared.onTaskStart()
    await settled(() => server.connections.open === 0)
    await store.source('key').stat()
    await read(await store.source('key').open())
    expect(server.connections.opened).toBe(4)
  })

  it('belongs to the lifecycle it was given, and to no other', async () => {
    const own = lifecycleWith()
    const { server, store } = await make({ lifecycle: own })
    await store.source('key').stat()
    await read(await store.source('key').open())
    await shared.onTaskStart()
    expect(server.connections.open).toBe(2)
    own.onFork()
    await settled(() => server.connections.open === 0)
  })

  it('uses the connections of the lifecycle of the transfer, where it has one', async () => {
    const own = lifecycleWith()
    const { server, store } = await make()
    await transfer(store.source('key'), memory().sink('key'), { lifecycle: own })
    const { opened } = server.connections
    await own.onTaskStart()
    await settled(() => server.connections.open === 0)
    await transfer(store.source('key'), memory().sink('key'))
    await shared.onTaskStart()
    await settled(() => server.connections.open === 0)
    expect(server.connections.opened).toBe(2 * opened)
  })

  it('keeps its connections to itself for maxAge and no longer, read directly or not', async () => {
    const own = lifecycleWith({ maxAge: 80 })
    const { server, store } = await make({ lifecycle: own })
    const use = async () => {
      await store.source('key').stat()
      await read(await store.source('key').open())
    }
    await use()
    await new Promise((done) => setTimeout(done, 100))
    await use()
    expect(server.connections.opened).toBe(4)
  })

  it('leaves connections in use to be read to their end at the start of a task', async () => {
    const { server, store } = await make()
    await server.put('large', Buffer.alloc(8 * 1024 ** 2, 'sluiceway'))
    const iterator = (await store.source('large').open())[Symbol.asyncIterator]()
    let size = (await iterator.next()).value!.byteLength
    await shared.onTaskStart()
    for (let step = await iterator.next(); !step.done; step = await iterator.next()) {
      size += step.value.byteLength
    }
    expect(size).toBe(8 * 1024 ** 2)
    await settled(() => server.connections.open === 0)
  })

  it('closes its own connections and leaves those of its neighbours', async () => {
    const { server, store } = await make()
    const neighbour = await make()
    await store.source('key').stat()
    await neighbour.store.source('key').stat()
    await neighbour.store.close()
    await settled(() => neighbour.server.connections.open === 0)
    await store.source('key').stat()
    expect(server.connections).toMatchObject({ open: 1, opened: 1 })
  })

  it('does not take a stranger for a lifecycle', async () => {
    await expect(make({ lifecycle: {} as never })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      context: { option: 'lifecycle' },
    })
  })
})

describe('a client that was handed in', () => {
  it('has its idle connections dropped with those of the lifecycle', async () => {
    const server = await s3Server()
    onTestFinished(() => server.close())
    await server.put('key', 'content')
    const client = new S3Client({
      endpoint: server.url,
      region: 'default',
      forcePathStyle: true,
      credentials: server.credentials,
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    })
    onTestFinished(() => client.destroy())
    const store = ceph({ bucket: server.bucket, client })
    await store.source('key').stat()
    expect(server.connections.open).toBe(1)
    await shared.onTaskStart()
    await settled(() => server.connections.open === 0)
    await store.source('key').stat()
    expect(server.connections.opened).toBe(2)
  })
})

describe('connections that are kept alive', () => {
  it.each(Object.entries(kinds))('serve 100 small transfers to %s in sequence', async (_, make) => {
    const { server, store } = await make()
    const source = memory()
    await writeObject(source, 'small', Buffer.alloc(1000))
    for (let nth = 0; nth < 100; nth += 1) {
      await transfer(source.source('small'), store.sink(`small-${nth}`), { concurrency: 2 })
    }
    expect(server.connections.opened).toBeLessThanOrEqual(2)
  })
})

describe('closing a lifecycle', () => {
  it('closes every connection, and may be done twice', async () => {
    const server = await plain()
    const made = createLifecycle()
    await get(server.port, made.agents.http)
    await made.close()
    await made.close()
    await settled(() => server.open.size === 0)
  })
})

describe('the lifecycle of a transfer', () => {
  it('must be one', async () => {
    const options = { lifecycle: { agents: {} } as never }
    await expect(transfer(memory().source('a'), memory().sink('b'), options)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      context: { option: 'lifecycle' },
    })
  })
})

describe('the options of a lifecycle', () => {
  it.each([
    ['maxAge', 0],
    ['maxAge', '1'],
    ['maxIdle', Number.NaN],
    ['maxIdle', Number.POSITIVE_INFINITY],
    ['isUsableTimeout', -1],
    ['tls', 'ca'],
    ['maxage', 1],
  ])('are checked: %s %s', (option, value) => {
    expect(() => createLifecycle({ [option]: value })).toThrowError(
      expect.objectContaining({ code: 'INVALID_OPTION', context: { option } }),
    )
  })
})

/** Its methods, which a lifecycle needs not be called on. */
function bound(made: Lifecycle) {
  return {
    agents: made.agents,
    onFork: () => made.onFork(),
    onTaskStart: () => made.onTaskStart(),
  }
}
