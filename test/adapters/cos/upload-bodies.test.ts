import { get, type IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import COS from 'cos-nodejs-sdk-v5'
import { describe, expect, it, vi } from 'vitest'
import { cos } from '../../../src/adapters/cos'
import { TransferError } from '../../../src/contract/errors'
import { answering, bodyOf, failure, pair, part, plain, sdk, watchedBody } from './servers'

const mebibyte = 1024 ** 2
const bytes = Buffer.alloc(mebibyte, 'sluiceway')

describe('upload bodies', () => {
  it('that are shorter than they said end as TRUNCATED, where the SDK waits for ever', async () => {
    await using at = await pair()
    const session = await at.store.sink('key').begin(plain)
    const short = bodyOf(bytes, mebibyte + 1)
    const error = await failure(session.writePart(part(mebibyte + 1), short))
    expect(error.code).toBe('TRUNCATED')
    await vi.waitFor(() => expect(at.server.connections.open).toBe(0))
    await session.abort()
  })

  it('that are longer than they said are INTEGRITY, where the SDK cuts them off', async () => {
    await using at = await pair()
    const session = await at.store.sink('key').begin(plain)
    const error = await failure(session.writePart(part(mebibyte - 1), bodyOf(bytes, mebibyte - 1)))
    expect(error.code).toBe('INTEGRITY')
    expect(at.server.uploads()[0]?.parts).toEqual([])
    await session.abort()
  })

  it('that close without end or error fail the call, where the SDK waits for ever', async () => {
    await using at = await pair()
    const session = await at.store.sink('key').begin(plain)
    const stream = new Readable({ read() {} })
    stream.push('x')
    const sent = session.writePart(part(10), { size: 10, open: async () => stream })
    await vi.waitFor(() => expect(at.server.requests.at(-1)?.operation).toBe('UploadPart'))
    stream.destroy()
    expect((await failure(sent)).code).toBe('SOURCE_FAILED')
    await session.abort()
  })

  it('that fail reject with their own error', async () => {
    await using at = await pair()
    const session = await at.store.sink('key').begin(plain)
    const own = new TransferError('SOURCE_CHANGED', 'replaced')
    const body = watchedBody(mebibyte, () => Promise.reject(own))
    expect(await failure(session.writePart(part(mebibyte), body))).toBe(own)
    await session.abort()
  })

  it('that fail while a client signs asynchronously do not end the process', async () => {
    let sign: (() => void) | undefined
    await using at = await pair()
    const { secretId: SecretId, secretKey: SecretKey } = at.server.credentials
    const client = sdk(at.server, {
      SecretId: '',
      SecretKey: '',
      getAuthorization(options: object, callback: (signature: string) => void) {
        sign = () => callback(COS.getAuthorization({ ...options, SecretId, SecretKey } as never))
      },
    } as never)
    const store = cos({ bucket: at.server.bucket, region: 'ap-guangzhou', client })
    const stream = new Readable({ read() {} })
    const put = store.sink('key').begin(plain)
    await vi.waitFor(() => expect(sign).toBeDefined())
    sign!()
    const session = await put
    const again = session.writePart(part(10), { size: 10, open: async () => stream })
    await vi.waitFor(() => expect(stream.listenerCount('error')).toBeGreaterThan(0))
    stream.destroy(new Error('the source broke'))
    const error = await failure(again)
    expect(error).toMatchObject({ code: 'SOURCE_FAILED', cause: { message: 'the source broke' } })
    // The signature comes after all, for a request that must not be sent any more.
    sign!()
    await sleep(20)
    expect(at.server.requests.map(({ operation }) => operation)).toEqual(['CreateMultipartUpload'])
    await store.close()
  })

  it('that are the response of another request lend it no headers', async () => {
    await using at = await pair()
    await using other = await answering((_request, response) => {
      response
        .writeHead(200, { 'x-cos-acl': 'public-read', 'content-length': 10, etag: '"other"' })
        .end('0123456789')
    })
    const response = await new Promise<IncomingMessage>((resolve) => get(other.endpoint, resolve))
    const session = await at.store.sink('key').begin(plain)
    await session.writePart(part(10), { size: 10, open: async () => response })
    const sent = at.server.requests.at(-1)!
    expect(sent.status).toBe(200)
    expect(sent.headers).not.toHaveProperty('x-cos-acl')
    expect(sent.headers).not.toHaveProperty('etag')
    await session.abort()
  })

  it('that are refused early are left, and their socket is freed, where the SDK keeps both', async () => {
    await using at = await pair()
    const session = await at.store.sink('key').begin(plain)
    at.server.misbehave({
      when: { operation: 'UploadPart' },
      fault: { type: 'status', status: 403, code: 'AccessDenied' },
    })
    const body = watchedBody(1024 * mebibyte, async () => bytes)
    const error = await failure(session.writePart(part(1024 * mebibyte), body))
    expect(error).toMatchObject({ code: 'ACCESS_DENIED', retry: 'permanent' })
    await body.left
    await vi.waitFor(() => expect(at.server.connections.open).toBe(0))
    await session.abort()
  })

  for (const [what, code, fault] of [
    ['refused', 'ACCESS_DENIED', { type: 'status', status: 403 }],
    ['cut off', 'CONNECTION', { type: 'reset-request', after: 1 }],
  ] as const) {
    it(`that are ${what} while their source is silent free the source`, async () => {
      await using at = await pair()
      const session = await at.store.sink('key').begin(plain)
      at.server.misbehave({ when: { operation: 'UploadPart' }, fault })
      const silent = new Readable({ read() {} })
      silent.push('x')
      const error = await failure(session.writePart(part(10), { size: 10, open: async () => silent }))
      expect(error.code).toBe(code)
      await vi.waitFor(() => expect(silent.destroyed).toBe(true))
      at.server.behave()
      await session.abort()
    })
  }

  it('that were answered with success before their end are no success', async () => {
    await using at = await answering((request, response) => {
      if (request.method !== 'PUT')
        return response.end(xml('InitiateMultipartUploadResult', '<UploadId>1</UploadId>'))
      return request.once('data', () =>
        response.writeHead(200, { etag: '"early"' }).end(() => request.destroy()),
      )
    })
    const session = await at.store.sink('key').begin(plain)
    const body = watchedBody(1024 * mebibyte, async () => bytes)
    expect((await failure(session.writePart(part(1024 * mebibyte), body))).code).toBe('CONNECTION')
    await body.left
  })
})

const xml = (name: string, content: string) => `<${name}>${content}</${name}>`
