import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ceph } from '../../../../src/adapters/ceph'
import { cos } from '../../../../src/adapters/cos'
import { DirectGet } from '../../../../src/adapters/object-store/direct-get/direct-get'
import { createLifecycle, type LifecycleOptions } from '../../../../src/lifecycle'
import { LifecycleAgents } from '../../../../src/lifecycle/agents'
import { Freshness } from '../../../../src/lifecycle/freshness'
import { certificate } from '../../../support/certificate'
import { setDirectReads, withDirectReads } from '../../../support/direct-reads'
import { settled } from '../../../support/handles'
import { directGet, headOf, rawServer, reply, requestTo, sendPattern, textOf } from './raw-server'

withDirectReads()

const secure = { protocol: 'https:' } as const

/** One whose agents can be changed. */
function directWith(tls: LifecycleOptions['tls']) {
  const agents = new LifecycleAgents(new Freshness(), { tls })
  const direct = new DirectGet(new Freshness(), agents)
  onTestFinished(() => direct.destroy())
  return { direct, options: (agents.https as unknown as { options: Record<string, unknown> }).options }
}

describe('a direct GET over TLS', () => {
  it('gathers the records of TLS, each of which has 16 KiB', async () => {
    const size = 8 * 1024 ** 2
    const server = await rawServer((socket) => {
      socket.write(headOf(size))
      return sendPattern(socket, size)
    }, secure)
    const response = await directGet().get(requestTo(server))
    let chunks = 0
    for await (const _ of response!.body) chunks++
    expect(size / chunks).toBeGreaterThan(24 * 1024)
  })

  it('takes up the session of an earlier connection', async () => {
    const resumed: boolean[] = []
    const server = await rawServer((socket) => {
      resumed.push((socket as TLSSocket).isSessionReused())
      socket.write(reply('x', 'Connection: close'))
    }, secure)
    const direct = directGet()
    for (let nth = 0; nth < 2; nth++) {
      await textOf((await direct.get(requestTo(server)))!.body)
      await settled(() => server.sockets.size === 0)
    }
    expect(resumed).toEqual([false, true])
  })

  it.each([
    ['localhost:1', 'localhost'],
    ['127.0.0.1:1', false],
    ['[::1]:1', false],
  ])('names the host of the Host header, if it is a name: %s', async (host, name) => {
    const server = await rawServer((socket) => {
      socket.write(reply(String((socket as TLSSocket & { servername?: unknown }).servername)))
    }, secure)
    const { direct } = directWith({ ca: certificate })
    const response = await direct.get({ ...requestTo(server), headers: { host } })
    expect(await textOf(response!.body)).toBe(String(name))
  })

  it('refuses a certificate of another name, and sends it nothing', async () => {
    const server = await rawServer((socket) => socket.write(reply('x')), secure)
    const { direct } = directWith({ ca: certificate })
    const getting = direct.get({ ...requestTo(server), headers: { host: 'other.example' } })
    await expect(getting).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
    expect(server.requests).toEqual([])
  })

  it('does not use a connection again that was made with other options', async () => {
    const server = await rawServer((socket) => socket.write(reply('x')), secure)
    const { direct, options } = directWith({ ca: certificate })
    const get = async () => textOf((await direct.get(requestTo(server)))!.body)
    await get()
    await get()
    expect(server.accepted).toBe(1)
    options.ca = undefined
    await expect(get()).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
    options.rejectUnauthorized = false
    expect(await get()).toBe('x')
    // The refused one was closed before its handshake was over.
    expect(server.accepted).toBe(2)
  })

  it.each(['lookup', 'ALPNProtocols', 'localAddress', 'secureContext'])(
    'leaves it to the agent where that has an option it does not know: %s',
    async (name) => {
      const server = await rawServer((socket) => socket.write(reply('x')), secure)
      const { direct, options } = directWith({ ca: certificate })
      options[name] = []
      expect(await direct.get(requestTo(server))).toBeUndefined()
      expect(server.accepted).toBe(0)
    },
  )

  it('limits the handshake as a part of connecting', async () => {
    const server = createServer((socket) => void onTestFinished(() => void socket.destroy())).listen(0)
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const request = requestTo({ ...secure, host: '127.0.0.1', port: (server.address() as AddressInfo).port })
    const connecting = directGet().get(request, { connectTimeout: 50 })
    await expect(connecting).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringMatching(/within 50 ms/),
    })
  })
})

const stores = {
  ceph: (endpoint: string, lifecycle = createLifecycle()) =>
    ceph({ bucket: 'b', endpoint, lifecycle, credentials: { accessKeyId: 'a', secretAccessKey: 'b' } }),
  cos: (endpoint: string, lifecycle = createLifecycle()) =>
    cos({
      // A region whose hosts the certificate does not name.
      ...{ bucket: 'b-1250000000', region: 'ap-shanghai', endpoint, lifecycle },
      credentials: { secretId: 'a', secretKey: 'b' },
    }),
}

/** Only Node's client says so: a request without it went the direct way. */
const ofNode = /^connection: keep-alive$/im

describe.each(['ceph', 'cos'] as const)('a source of %s over TLS', (kind) => {
  const open = async (endpoint: string, options: LifecycleOptions = {}) => {
    const store = stores[kind](endpoint, createLifecycle(options))
    onTestFinished(() => store.close())
    return store.source('k').open()
  }

  it('is read directly, unless that is switched off', async () => {
    const server = await rawServer((socket) => socket.write(reply('x', 'ETag: "a"')), secure)
    const endpoint = `https://localhost:${server.port}`
    for (const allowed of [true, false]) {
      setDirectReads(allowed)
      // Requests to an address of this machine still name a host of COS.
      const tls = { ca: certificate, servername: 'localhost' }
      expect(await textOf(await open(endpoint, { tls }))).toBe('x')
      expect(ofNode.test(server.requests.at(-1)!)).toBe(!allowed)
    }
  })

  it.each([
    ['that nobody has signed', 'localhost', {}],
    ['of another name', '127.0.0.2', { tls: { ca: certificate } }],
  ])('says the same of a certificate %s, directly or not', async (_, host, options) => {
    const server = await rawServer((socket) => socket.write(reply('x')), { ...secure, host: '0.0.0.0' })
    const errors = []
    for (const allowed of [true, false]) {
      setDirectReads(allowed)
      const error = await open(`https://${host}:${server.port}`, options).catch((error) => error)
      const { code, retry, message, context, cause } = error
      errors.push({ code, retry, message, context, cause: { code: cause.code, message: cause.message } })
    }
    expect(errors[0]).toMatchObject({
      code: 'CONNECTION',
      retry: 'permanent',
      cause: { code: expect.stringMatching(/CERT/) },
    })
    expect(errors[0]).toEqual(errors[1])
    expect(server.requests).toEqual([])
  })
})

describe('the connections of direct GETs over TLS', () => {
  async function setUp(options: LifecycleOptions = {}) {
    const server = await rawServer((socket, request) => {
      socket.write(request.startsWith('GET /b/slow') ? `${headOf(6)}abc` : reply('x'))
    }, secure)
    const lifecycle = createLifecycle({ tls: { ca: certificate }, ...options })
    onTestFinished(() => lifecycle.close())
    const store = stores.ceph(`https://localhost:${server.port}`, lifecycle)
    const read = async () => textOf(await store.source('k').open())
    return { server, lifecycle, store, read }
  }

  it('are used again, and closed at the start of a task where they rest', async () => {
    const { server, lifecycle, store, read } = await setUp()
    await read()
    await read()
    expect(server.accepted).toBe(1)
    const slow = (await store.source('slow').open())[Symbol.asyncIterator]()
    await slow.next()
    await read()
    expect(server.accepted).toBe(2)
    await lifecycle.onTaskStart()
    await settled(() => server.sockets.size === 1)
    for (const socket of server.sockets) socket.write('def')
    expect(Buffer.from((await slow.next()).value!).toString()).toBe('def')
    expect((await slow.next()).done).toBe(true)
    // It was in use, and is closed when it comes back.
    await settled(() => server.sockets.size === 0)
    await read()
    expect(server.accepted).toBe(3)
  })

  it('are not used past their age or their rest', async () => {
    for (const options of [{ maxAge: 30 }, { maxIdle: 30 }]) {
      const { server, read } = await setUp(options)
      await read()
      await new Promise((done) => setTimeout(done, 60))
      await read()
      expect(server.accepted).toBe(2)
    }
  })

  it('are closed with their store', async () => {
    const { server, store, read } = await setUp()
    await read()
    await store.close()
    await settled(() => server.sockets.size === 0)
  })

  it('closed by the server while the loop was blocked cost no error', async () => {
    const { server, read } = await setUp()
    await read()
    for (const socket of server.sockets) socket.destroy()
    expect(await read()).toBe('x')
  })
})
