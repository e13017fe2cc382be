import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { cos } from '../../../src/adapters/cos'
import { crc64 } from '../../../src/testing'
import { withDirectReads } from '../../support/direct-reads'
import { bodyOf, failure, optionsFor, pair, part, plain, read, region } from './servers'

// They count the connections of both kinds.
withDirectReads()

const mebibyte = 1024 ** 2
const bytes = Buffer.alloc(mebibyte, 'sluiceway')
const digests = (of: Uint8Array) => ({ md5: createHash('md5').update(of).digest('hex'), crc64: crc64(of) })

describe('headers', () => {
  it('are made anew for each request, because the SDK writes into them', async () => {
    await using at = await pair()
    const object = Object.freeze({
      createOnly: false,
      attributes: Object.freeze({ cacheControl: 'no-cache' }),
    })
    for (const size of [3, 5]) {
      const content = Buffer.alloc(size, size)
      await at.store.sink('key').put!(object, content, digests(content))
      expect(at.server.requests.at(-1)?.headers['content-length']).toBe(String(size))
    }
  })

  it('invent no content type, neither from the key nor application/octet-stream', async () => {
    await using at = await pair()
    await at.store.sink('a.mov').put!(plain, bytes, digests(bytes))
    expect(at.server.object('a.mov')?.attributes.contentType).toBeUndefined()
    const session = await at.store.sink('b.mov').begin(plain)
    await session.commit([await session.writePart(part(mebibyte), bodyOf(bytes))])
    expect(at.server.object('b.mov')?.attributes.contentType).toBeUndefined()
  })

  it('by which requests are recognised are neither signed nor sent', async () => {
    await using at = await pair()
    await at.server.put('key', bytes)
    await at.store.source('key').stat()
    const { headers } = at.server.requests.at(-1)!
    expect(Object.keys(headers).filter((name) => name.startsWith('x-sluiceway'))).toEqual([])
  })
})

describe('sockets', () => {
  it('are the store’s own and are closed with it', async () => {
    await using at = await pair()
    await at.server.put('key', bytes)
    await Promise.all([at.store.source('key').stat(), at.store.source('key').stat()])
    await at.store.source('key').stat()
    expect(at.server.connections).toMatchObject({ opened: 2, open: 2 })
    await at.store.close()
    await vi.waitFor(() => expect(at.server.connections.open).toBe(0))
  })

  it('are used again after every kind of answer', async () => {
    await using at = await pair()
    const { store } = at
    const session = await store.sink('key').begin(plain)
    const receipt = await session.writePart(part(10), bodyOf(Buffer.alloc(10)))
    await session.listParts!()
    await session.commit([receipt])
    await read(await store.source('key').open())
    await failure(store.source('missing').stat())
    await failure(store.source('missing').open())
    await store.sink('put').put!(plain, bytes, digests(bytes))
    for await (const _info of store.list());
    // One for the bytes of objects, which are read directly, and one for all the rest.
    expect(at.server.connections.opened).toBe(2)
  })
})

describe('new connections', () => {
  it('may take as long as the call allows, the TLS handshake included', async () => {
    const silent = createServer(() => {})
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const endpoint = `https://127.0.0.1:${(silent.address() as AddressInfo).port}`
    const credentials = { secretId: 'AKID', secretKey: 'key' }
    const store = cos({ bucket: 'archive-1250000000', region, credentials, endpoint })
    const error = await failure(store.source('key').stat({ connectTimeout: 100 }))
    expect(error).toMatchObject({ code: 'TIMEOUT', retry: 'temporary', context: { timeout: 100 } })
    await store.close()
    silent.close()
  })
})

describe('proxies of the environment', () => {
  afterEach(() => vi.unstubAllEnvs())

  it('are not asked for an endpoint on this machine', async () => {
    await using at = await pair()
    vi.stubEnv('HTTP_PROXY', 'http://127.0.0.1:1')
    vi.stubEnv('NO_PROXY', '')
    await at.server.put('key', bytes)
    expect((await at.store.source('key').stat()).size).toBe(mebibyte)
  })

  it('are not asked where they are for other addresses, and reads stay direct', async () => {
    await using at = await pair()
    const change = { endpoint: at.server.url.replace('127.0.0.1', '0.0.0.0') }
    const store = cos({ ...optionsFor(at.server), ...change })
    vi.stubEnv('HTTP_PROXY', 'http://127.0.0.1:1')
    vi.stubEnv('NO_PROXY', '0.0.0.0')
    await at.server.put('key', bytes)
    await read(await store.source('key').open())
    // Only Node's client says so.
    expect(at.server.requests[0]?.headers.connection).toBeUndefined()
    await store.close()
  })

  it('are obeyed for any other, through the sockets of the store', async () => {
    const change = { endpoint: 'http://cos.ap-guangzhou.myqcloud.com' }
    await using at = await pair({}, change)
    vi.stubEnv('HTTP_PROXY', at.server.url)
    vi.stubEnv('NO_PROXY', '')
    await at.server.put('key', bytes)
    expect((await at.store.source('key').stat()).size).toBe(mebibyte)
    expect(at.server.requests[0]?.headers.host).toBe(`${at.server.bucket}.cos.ap-guangzhou.myqcloud.com`)
    await at.store.close()
    await vi.waitFor(() => expect(at.server.connections.open).toBe(0))
  })
})

describe('the console', () => {
  const methods = ['log', 'info', 'warn', 'error'] as const
  beforeEach(() => {
    for (const method of methods) vi.spyOn(console, method).mockImplementation(() => {})
  })
  afterEach(() => vi.restoreAllMocks())

  it('stays silent, also when keys change, the clock is wrong and regions are odd', async () => {
    let asked = 0
    const { secretId, secretKey } = optionsFor({ credentials: { secretId: 'a', secretKey: 'b' } } as never)
      .credentials as never
    const credentials = async () => ({ secretId, secretKey, securityToken: `t${asked++}` })
    await using at = await pair(
      { now: () => new Date(Date.now() - 3600_000) },
      { credentials, region: 'accelerate' },
    )
    const keyed = await failure(at.store.source('key').open())
    expect(keyed.code).toBe('ACCESS_DENIED')
    for (const method of methods) expect(console[method]).not.toHaveBeenCalled()
  })
})
