import { inspect } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { type CephOptions, ceph } from '../../../src/adapters/ceph'
import type { Bytes } from '../../../src/contract/source'
import type { Store } from '../../../src/contract/store'
import { type S3Server, s3Server } from '../../../src/testing/servers'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

async function setUp(changes: Partial<CephOptions> = {}): Promise<{ server: S3Server; store: Store }> {
  const server = await s3Server({ limits: { minPartSize: 10 } })
  await server.put('k', 'hello world')
  const store = ceph({
    bucket: server.bucket,
    endpoint: server.url,
    credentials: server.credentials,
    limits: { minPartSize: 10 },
    ...changes,
  })
  open.push(server, store)
  return { server, store }
}

async function read(bytes: Bytes): Promise<string> {
  let text = ''
  for await (const chunk of bytes) text += Buffer.from(chunk).toString()
  return text
}

const fresh = { attributes: {}, createOnly: false }
const bodyOf = (text: string) => ({
  size: text.length,
  open: async () =>
    (async function* () {
      yield Buffer.from(text)
    })(),
})

describe('an answer of the gateway', () => {
  it.each([
    [403, 'AccessDenied', 'ACCESS_DENIED', 'permanent'],
    [403, 'SignatureDoesNotMatch', 'ACCESS_DENIED', 'permanent'],
    [403, 'RequestTimeTooSkewed', 'ACCESS_DENIED', 'permanent'],
    [403, 'QuotaExceeded', 'NO_SPACE', 'permanent'],
    [404, 'NoSuchBucket', 'NOT_FOUND', 'permanent'],
    [404, 'NoSuchKey', 'NOT_FOUND', 'permanent'],
    [412, 'PreconditionFailed', 'SOURCE_CHANGED', 'permanent'],
    [416, 'InvalidRange', 'TRUNCATED', 'permanent'],
    [400, 'Strange', 'SOURCE_FAILED', 'permanent'],
    [400, 'RequestTimeout', 'TIMEOUT', 'temporary'],
    [429, 'TooManyRequests', 'THROTTLED', 'temporary'],
    [503, 'SlowDown', 'THROTTLED', 'temporary'],
    [500, 'InternalError', 'SERVER_ERROR', 'temporary'],
    [502, 'BadGateway', 'SERVER_ERROR', 'temporary'],
    [501, 'NotImplemented', 'UNSUPPORTED', 'permanent'],
  ])('with %i %s to a read is %s, %s', async (status, code, expected, retry) => {
    const { server, store } = await setUp()
    server.misbehave({ when: { operation: 'GetObject' }, fault: { type: 'status', status, code } })
    await expect(store.source('k').open()).rejects.toMatchObject({
      code: expected,
      retry,
      context: { location: 'ceph:staging/k', status, operation: 'GET' },
    })
    expect(server.requests).toHaveLength(1)
  })

  it.each([
    [404, 'NoSuchUpload', 'SESSION_LOST', 'permanent'],
    [404, 'NoSuchKey', 'SESSION_LOST', 'permanent'],
    [400, 'BadDigest', 'INTEGRITY', 'temporary'],
    [400, 'EntityTooLarge', 'TOO_LARGE', 'permanent'],
    [400, 'Strange', 'SINK_FAILED', 'permanent'],
    [503, 'SlowDown', 'THROTTLED', 'temporary'],
  ])('with %i %s to a part is %s, %s', async (status, code, expected, retry) => {
    const { server, store } = await setUp()
    const session = await store.sink('new').begin(fresh)
    server.misbehave({ when: { operation: 'UploadPart' }, fault: { type: 'status', status, code } })
    const attempt = session.writePart({ index: 0, start: 0, size: 3 }, bodyOf('abc'))
    await expect(attempt).rejects.toMatchObject({
      code: expected,
      retry,
      context: { uploadId: (session.state as { uploadId: string }).uploadId },
    })
  })

  it('says in milliseconds how long to wait, where the gateway does', async () => {
    const { server, store } = await setUp()
    const fault = { type: 'status', status: 503, headers: { 'retry-after': '7' } } as const
    server.misbehave({ fault })
    await expect(store.source('k').open()).rejects.toMatchObject({ context: { retryAfter: 7000 } })
  })

  it('without a body, as to a HEAD, is told by its status', async () => {
    const { server, store } = await setUp()
    for (const [status, code] of [
      [403, 'ACCESS_DENIED'],
      [412, 'SOURCE_CHANGED'],
      [500, 'SERVER_ERROR'],
      [503, 'THROTTLED'],
    ] as const) {
      server.behave()
      server.misbehave({ fault: { type: 'status', status } })
      await expect(store.source('k').stat()).rejects.toMatchObject({ code })
    }
  })

  it('with an error in a 200 to a completion is no success', async () => {
    const { server, store } = await setUp()
    const session = await store.sink('new').begin(fresh)
    const receipt = await session.writePart({ index: 0, start: 0, size: 3 }, bodyOf('abc'))
    server.misbehave({ when: { operation: 'CompleteMultipartUpload' }, fault: { type: 'error-in-200' } })
    await expect(session.commit([receipt])).rejects.toMatchObject({
      code: 'SERVER_ERROR',
      retry: 'temporary',
    })
    expect(server.object('new')).toBeUndefined()
  })

  it('that is empty is no success of a completion, a begin or a part', async () => {
    const { server, store } = await setUp()
    server.misbehave({ when: { operation: 'CreateMultipartUpload' }, fault: { type: 'empty-200' } })
    await expect(store.sink('new').begin(fresh)).rejects.toMatchObject({ code: 'SERVER_ERROR' })
    const session = await store.sink('new').begin(fresh)
    const part = { index: 0, start: 0, size: 3 }
    server.misbehave({ when: { operation: 'UploadPart' }, fault: { type: 'empty-200' } })
    await expect(session.writePart(part, bodyOf('abc'))).rejects.toMatchObject({ retry: 'temporary' })
    const receipt = await session.writePart(part, bodyOf('abc'))
    server.misbehave({ when: { operation: 'CompleteMultipartUpload' }, fault: { type: 'empty-200' } })
    await expect(session.commit([receipt])).rejects.toMatchObject({ code: expect.any(String) })
    expect(server.object('new')).toBeUndefined()
    expect(await session.commit([receipt])).toMatchObject({ size: 3 })
  })
})

describe('a connection to the gateway', () => {
  it('that is refused, reset or cannot be found is CONNECTION, worth another attempt', async () => {
    const { server, store } = await setUp()
    const temporary = { code: 'CONNECTION', retry: 'temporary' }
    server.misbehave({ fault: { type: 'reset' } })
    await expect(store.source('k').open()).rejects.toMatchObject(temporary)
    for (const endpoint of ['http://127.0.0.1:1', 'http://no-such-host.invalid']) {
      const nowhere = ceph({ bucket: 'b', endpoint, credentials: server.credentials })
      await expect(nowhere.source('k').stat()).rejects.toMatchObject(temporary)
      await nowhere.close()
    }
  })

  it('that breaks within a part is CONNECTION, and frees the source', async () => {
    const { server, store } = await setUp()
    const session = await store.sink('new').begin(fresh)
    server.misbehave({ when: { operation: 'UploadPart' }, fault: { type: 'reset-request', after: 100_000 } })
    let freed = false
    const body = {
      size: 50_000_000,
      open: async () =>
        (async function* () {
          try {
            for (let i = 0; i < 500; i++) yield Buffer.alloc(100_000)
          } finally {
            freed = true
          }
        })(),
    }
    const attempt = session.writePart({ index: 0, start: 0, size: body.size }, body)
    await expect(attempt).rejects.toMatchObject({ code: 'CONNECTION', retry: 'temporary' })
    await expect.poll(() => freed).toBe(true)
  })

  it('is freed where the gateway refuses a part early', async () => {
    const { server, store } = await setUp()
    const session = await store.sink('new').begin(fresh)
    server.misbehave({
      when: { operation: 'UploadPart' },
      fault: { type: 'status', status: 403, code: 'AccessDenied' },
    })
    const big = { size: 50_000_000, open: async () => endless() }
    async function* endless() {
      for (let i = 0; i < 500; i++) yield Buffer.alloc(100_000)
    }
    await expect(session.writePart({ index: 0, start: 0, size: big.size }, big)).rejects.toBeDefined()
    await store.close()
    await expect.poll(() => server.connections.open).toBe(0)
  })

  it('is given back by close(), idle ones included', async () => {
    const { server, store } = await setUp()
    await read(await store.source('k').open())
    expect(server.connections.open).toBe(1)
    await store.close()
    await store.close()
    await expect.poll(() => server.connections.open).toBe(0)
  })
})

describe('reading a range', () => {
  it('is refused where the answer is another range or the whole', async () => {
    const { server, store } = await setUp()
    server.misbehave({ fault: { type: 'wrong-content-range' } })
    await expect(store.source('k').open({ start: 2, end: 5 })).rejects.toMatchObject({ code: 'INTEGRITY' })
  })

  it('is TRUNCATED where the object ends before', async () => {
    const { store } = await setUp()
    await expect(store.source('k').open({ start: 2, end: 500 })).rejects.toMatchObject({ code: 'TRUNCATED' })
    await expect(store.source('k').open({ start: 200, end: 500 })).rejects.toMatchObject({
      code: 'TRUNCATED',
    })
  })

  it('is SOURCE_CHANGED where the pinned version is not there any more', async () => {
    const { server, store } = await setUp()
    const { version } = await store.source('k').stat()
    await server.put('k', 'HELLO WORLD')
    await expect(store.source('k').open({ start: 0, end: 5 }, { version })).rejects.toMatchObject({
      code: 'SOURCE_CHANGED',
    })
    await server.remove('k')
    await expect(store.source('k').open(undefined, { version })).rejects.toMatchObject({
      code: 'SOURCE_CHANGED',
    })
  })
})

describe('expired credentials', () => {
  const expired = { type: 'status', status: 403, code: 'ExpiredToken' } as const

  it('are ACCESS_DENIED for good where they are fixed', async () => {
    const { server, store } = await setUp()
    server.misbehave({ fault: expired })
    await expect(store.source('k').open()).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      retry: 'permanent',
    })
  })

  it('are asked for again where they come from a function, and that once', async () => {
    let asked = 0
    const { server } = await setUp()
    const store = ceph({
      bucket: server.bucket,
      endpoint: server.url,
      credentials: async () => {
        asked++
        return { ...server.credentials }
      },
    })
    open.push(store)
    expect(await read(await store.source('k').open())).toBe('hello world')
    expect(await read(await store.source('k').open())).toBe('hello world')
    expect(asked).toBe(1)
    server.misbehave({ fault: expired, times: 2 })
    await expect(store.source('k').open()).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      retry: 'temporary',
    })
    await expect(store.source('k').open()).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      retry: 'permanent',
    })
    expect(asked).toBe(2)
    expect(await read(await store.source('k').open())).toBe('hello world')
    expect(asked).toBe(3)
  })

  it('may be what is behind a refusal without a body', async () => {
    const { server } = await setUp()
    const credentials = async () => ({ ...server.credentials })
    const store = ceph({ bucket: server.bucket, endpoint: server.url, credentials })
    open.push(store)
    server.misbehave({ fault: expired })
    await expect(store.source('k').stat()).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      retry: 'temporary',
    })
    expect(await store.source('k').stat()).toMatchObject({ size: 11 })
  })
})

describe('secrets', () => {
  it('show in no error, its causes included', async () => {
    const { server } = await setUp()
    const secretAccessKey = 'very-secret-indeed'
    const credentials = { ...server.credentials, secretAccessKey, sessionToken: 'token-of-the-session' }
    const store = ceph({ bucket: server.bucket, endpoint: server.url, credentials })
    open.push(store)
    const error = await store
      .source('k')
      .open()
      .catch((reason) => reason)
    expect(error).toMatchObject({ code: 'ACCESS_DENIED' })
    const text = `${inspect(error, { depth: 20, showHidden: true })}${JSON.stringify(error)}${error}`
    for (const secret of [secretAccessKey, 'token-of-the-session', 'AWS4-HMAC-SHA256', 'Signature=']) {
      expect(text).not.toContain(secret)
    }
  })
})

describe('listing', () => {
  it('falls back to version 1 where the gateway refuses version 2, and then stays with it', async () => {
    const { server, store } = await setUp()
    server.misbehave({
      when: { operation: 'ListObjectsV2' },
      times: 100,
      fault: { type: 'status', status: 501, code: 'NotImplemented' },
    })
    const keys = async () => {
      const found: string[] = []
      for await (const { key } of store.list()) found.push(key)
      return found
    }
    for (let i = 0; i < 1100; i++) await server.put(`many/${i}`, '')
    expect(await keys()).toHaveLength(1101)
    expect(await keys()).toHaveLength(1101)
    expect(server.requests.filter(({ operation }) => operation === 'ListObjectsV2')).toHaveLength(1)
  })
})
