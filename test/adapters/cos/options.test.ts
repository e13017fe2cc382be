import { Readable } from 'node:stream'
import COS from 'cos-nodejs-sdk-v5'
import { describe, expect, it, vi } from 'vitest'
import { type CosOptions, cos } from '../../../src/adapters/cos'
import { cosServer } from '../../../src/testing'
import { answering, failure, optionsFor, pair, plain, region, sdk } from './servers'

const sound: CosOptions = {
  bucket: 'archive-1250000000',
  region,
  credentials: { secretId: 'AKID', secretKey: 'key' },
}

const thrown = (options: unknown) => {
  try {
    cos(options as CosOptions)
  } catch (error) {
    return error as { code: string; message: string; context: { option?: string } }
  }
  throw new Error('nothing was thrown')
}

describe('options', () => {
  const wrong: [option: string, change: Record<string, unknown>][] = [
    ['bucket', { bucket: undefined }],
    ['bucket', { bucket: 'archive' }],
    ['bucket', { bucket: 'Archive-1250000000' }],
    ['bucket', { bucket: '-archive-1250000000' }],
    ['region', { region: undefined }],
    ['region', { region: 'cos.ap-guangzhou' }],
    ['region', { region: 'guangzhou' }],
    ['credentials', { credentials: undefined }],
    ['credentials', { credentials: 'keys' }],
    ['credentials.secretId', { credentials: { secretKey: 'key' } }],
    ['credentials.secretKey', { credentials: { secretId: 'AKID', secretKey: 'line\n' } }],
    ['credentials.securityToken', { credentials: { ...sound.credentials, securityToken: 7 } }],
    ['endpoint', { endpoint: '127.0.0.1:9000' }],
    ['endpoint', { endpoint: 'ftp://127.0.0.1' }],
    ['endpoint', { endpoint: 'http://127.0.0.1/path' }],
    ['endpoint', { endpoint: 'http://user:secret@127.0.0.1' }],
    ['limits.maxParts', { limits: { maxParts: 0 } }],
    ['limits.minPartSize', { limits: { minPartSize: 10, maxPartSize: 5 } }],
    ['limits.parts', { limits: { parts: 5 } }],
    ['client', { client: {}, credentials: undefined }],
    ['accessKeyId', { accessKeyId: 'AKID' }],
  ]
  for (const [option, change] of wrong) {
    it(`${JSON.stringify(change)} is INVALID_OPTION naming ${option}`, () => {
      const error = thrown({ ...sound, ...change })
      expect(error).toMatchObject({ code: 'INVALID_OPTION', context: { option } })
      expect(error.message).toContain(option)
      expect(error.message).not.toContain('secret@')
    })
  }

  it('limits change the capabilities, and only those that are given', () => {
    const { capabilities } = cos({ ...sound, limits: { maxParts: 5 } }).sink('key')
    expect(capabilities).toMatchObject({
      maxParts: 5,
      minPartSize: 1024 ** 2,
      maxPartSize: 5 * 1024 ** 3,
      maxObjectSize: 50_000 * 1024 ** 3,
      maxPutSize: 8 * 1024 ** 2,
      attests: ['crc64'],
      createOnly: 'enforced',
    })
  })
})

describe('the endpoint', () => {
  const hosts: [endpoint: string, host: string][] = [
    [
      'http://cos-internal.ap-guangzhou.tencentcos.cn',
      'archive-1250000000.cos-internal.ap-guangzhou.tencentcos.cn',
    ],
    ['http://files.example.com:8080', 'files.example.com:8080'],
    ['http://10.0.0.7:9000', 'archive-1250000000.cos.ap-guangzhou.myqcloud.com'],
  ]
  for (const [endpoint, host] of hosts) {
    it(`${endpoint} is reached under the Host ${host}, which is the one signed`, async () => {
      const seen: { host?: string; authorization?: string }[] = []
      await using proxy = await answering((request, response) => {
        seen.push(request.headers)
        response.writeHead(404).end()
      })
      vi.stubEnv('HTTP_PROXY', proxy.endpoint)
      vi.stubEnv('NO_PROXY', '')
      const store = cos({ ...sound, endpoint })
      await failure(store.source('key').stat())
      vi.unstubAllEnvs()
      await store.close()
      const { secretId: SecretId, secretKey: SecretKey } = sound.credentials as {
        secretId: string
        secretKey: string
      }
      const [, KeyTime] = /q-sign-time=([\d;]+)/.exec(seen[0]!.authorization!)!
      // 3.x signs a Content-Length, too.
      const length = seen[0]!.authorization!.includes('content-length') ? { 'content-length': '0' } : {}
      const Headers = { Host: host, ...length }
      const signing = { SecretId, SecretKey, Method: 'HEAD', Pathname: '/key', Query: {}, Headers, KeyTime }
      expect(seen[0]!.host).toBe(host)
      expect(seen[0]!.authorization).toBe(
        COS.getAuthorization(signing as unknown as COS.StaticGetAuthorizationOptions),
      )
    })
  }
})

describe('a client that is handed in', () => {
  it('is used as it is configured, and left as it came', async () => {
    await using at = await pair()
    await at.server.put('key', 'content')
    const sent: string[] = []
    const client = sdk(at.server, { Domain: '', Ip: at.server.host, UserAgent: 'mine' } as never)
    client.on('before-send', (request: { url: string }) => sent.push(request.url))
    const store = cos({ bucket: at.server.bucket, region, client })
    expect((await store.source('key').stat()).size).toBe(7)
    expect(at.server.requests.at(-1)?.headers).toMatchObject({
      'user-agent': 'mine',
      host: `${at.server.bucket}.cos.ap-guangzhou.myqcloud.com`,
    })
    expect(sent.length).toBe(1)
    await store.close()
    const head = await client.headObject({ Bucket: at.server.bucket, Region: region, Key: 'key' })
    expect(head.statusCode).toBe(200)
    expect((await failure(store.source('key').stat())).message).toContain('closed')
  })

  it('keeps its other calls to itself: they are answered through the SDK', async () => {
    await using at = await pair()
    const client = sdk(at.server)
    const store = cos({ bucket: at.server.bucket, region, client })
    const call = client.headObject({ Bucket: at.server.bucket, Region: region, Key: 'missing' })
    await expect(call).rejects.toMatchObject({ statusCode: 404 })
    await store.close()
  })

  it('may serve two stores at once', async () => {
    await using at = await pair()
    await at.server.put('key', 'content')
    const client = sdk(at.server)
    const stores = [1, 2].map(() => cos({ bucket: at.server.bucket, region, client }))
    const sizes = await Promise.all(stores.map(async (store) => (await store.source('key').stat()).size))
    expect(sizes).toEqual([7, 7])
    for (const store of stores) await store.close()
  })

  it('may have KeepAlive off: each request then has its own socket', async () => {
    await using at = await pair()
    await at.server.put('key', 'content')
    const store = cos({ bucket: at.server.bucket, region, client: sdk(at.server, { KeepAlive: false }) })
    await store.source('key').stat()
    await store.source('key').stat()
    expect(at.server.connections.opened).toBe(2)
    await vi.waitFor(() => expect(at.server.connections.open).toBe(0))
    await store.close()
  })

  it('may have a Timeout, which then ends in TIMEOUT and frees the body, where the SDK keeps it', async () => {
    await using at = await pair()
    const store = cos({ bucket: at.server.bucket, region, client: sdk(at.server, { Timeout: 1000 }) })
    const session = await store.sink('key').begin(plain)
    const paused = new Readable({ read() {} })
    paused.push('x')
    const sent = session.writePart({ index: 0, start: 0, size: 10 }, { size: 10, open: async () => paused })
    expect(await failure(sent)).toMatchObject({ code: 'TIMEOUT', retry: 'temporary' })
    expect(paused.destroyed).toBe(true)
    await vi.waitFor(() => expect(at.server.connections.open).toBeLessThan(2))
    await session.abort()
    await store.close()
  })

  it('that gives no signature fails the call, and nothing else', async () => {
    await using at = await pair()
    const getAuthorization = (_options: unknown, callback: (keys: object) => void) => callback({})
    const client = sdk(at.server, { SecretId: '', SecretKey: '', getAuthorization } as never)
    const store = cos({ bucket: at.server.bucket, region, client })
    expect(await failure(store.source('key').stat())).toMatchObject({
      code: 'ACCESS_DENIED',
      retry: 'permanent',
    })
    await store.close()
  })

  const unusable: [setting: string, options: COS.COSOptions][] = [
    ['SecretId', {}],
    ['FollowRedirect', { SecretId: 'a', SecretKey: 'b', FollowRedirect: true }],
    ['Timeout', { SecretId: 'a', SecretKey: 'b', Timeout: 5 }],
  ]
  for (const [setting, options] of unusable) {
    it(`is refused for its ${setting}, and told why`, () => {
      const error = thrown({ bucket: sound.bucket, region, client: new COS(options) })
      expect(error).toMatchObject({ code: 'INVALID_OPTION', context: { option: 'client' } })
      expect(error.message).toContain(setting)
    })
  }

  it('may not be contradicted by credentials or endpoint, but be repeated', async () => {
    const server = await cosServer()
    const client = sdk(server)
    const options = { ...optionsFor(server), client }
    expect(() => cos(options)).not.toThrow()
    const keys = { secretId: 'other', secretKey: 'other' }
    expect(thrown({ ...options, credentials: keys }).context.option).toBe('credentials')
    expect(thrown({ ...options, endpoint: 'http://127.0.0.1:1' }).context.option).toBe('endpoint')
    await server.close()
  })
})
