import { describe, expect, it } from 'vitest'
import { cosApi } from '../../../src/adapters/cos/api'
import { Caller } from '../../../src/adapters/cos/caller'
import { Port } from '../../../src/adapters/cos/port'
import type { CosSdk } from '../../../src/adapters/cos/sdk'
import { StoreConnections } from '../../../src/adapters/object-store/connections'
import { createLifecycle } from '../../../src/lifecycle'
import { type CosServer, crc64 } from '../../../src/testing'
import { answering, bodyOf, failure, pair, part, plain, read, region, sdk } from './servers'

const bytes = Buffer.from('the bytes of the part')

function apiOf(server: CosServer) {
  const port = new Port({
    sdk: sdk(server) as unknown as CosSdk,
    bucket: server.bucket,
    region,
    connections: new StoreConnections(createLifecycle()),
  })
  return cosApi(new Caller(port), server.bucket)
}

describe('the calls of COS', () => {
  it('give the CRC64 that COS states of a part and of the object', async () => {
    await using at = await pair()
    const api = apiOf(at.server)
    const id = await api.createUpload('key', plain, {})
    const uploaded = await api.uploadPart('key', id, 1, bodyOf(bytes), {})
    expect(uploaded.crc64).toBe(crc64(bytes))
    const committed = await api.completeUpload('key', id, [{ partNumber: 1, etag: uploaded.etag }], plain, {})
    expect(committed).toMatchObject({ crc64: crc64(bytes), etag: at.server.object('key')?.etag })
    expect((await api.head('key', {})).digests).toEqual({ crc64: crc64(bytes) })
  })

  it('list the uploads of exactly this key', async () => {
    await using at = await pair()
    const api = apiOf(at.server)
    const id = await api.createUpload('a.mov', plain, {})
    await api.createUpload('a.mov.tmp', plain, {})
    expect(await api.listUploads('a.mov', {})).toEqual([{ uploadId: id, initiated: expect.any(Date) }])
  })

  it('abort an upload that is gone without an error', async () => {
    await using at = await pair()
    const api = apiOf(at.server)
    const id = await api.createUpload('key', plain, {})
    await api.abortUpload('key', id, {})
    await api.abortUpload('key', id, {})
    expect(at.server.uploads()).toEqual([])
  })

  it('refuse to replace an object where that is asked, on PUT and on completion', async () => {
    await using at = await pair()
    const api = apiOf(at.server)
    const id = await api.createUpload('key', plain, {})
    const { etag } = await api.uploadPart('key', id, 1, bodyOf(bytes), {})
    await at.server.put('key', 'other')
    const object = { ...plain, createOnly: true }
    const md5 = '0'.repeat(32)
    expect((await failure(api.put('key', object, bytes, md5, {}))).code).toBe('ALREADY_EXISTS')
    const completed = api.completeUpload('key', id, [{ partNumber: 1, etag }], object, {})
    expect((await failure(completed)).code).toBe('ALREADY_EXISTS')
    expect((await at.server.object('key')!.bytes()).toString()).toBe('other')
  })

  it('send the MD5 with a PUT, so that COS refuses a damaged one', async () => {
    await using at = await pair()
    const error = await failure(apiOf(at.server).put('key', plain, bytes, '0'.repeat(32), {}))
    expect(error).toMatchObject({ code: 'INTEGRITY', retry: 'temporary' })
    expect(at.server.object('key')).toBeUndefined()
  })

  it('pin what they read: a version that was replaced is SOURCE_CHANGED', async () => {
    await using at = await pair()
    await at.server.put('key', 'before')
    const source = at.store.source('key')
    const { version } = await source.stat()
    expect((await read(await source.open(undefined, { version }))).toString()).toBe('before')
    await at.server.put('key', 'after!')
    expect((await failure(source.open(undefined, { version }))).code).toBe('SOURCE_CHANGED')
    expect((await failure(source.stat({ version }))).code).toBe('SOURCE_CHANGED')
    await at.server.remove('key')
    expect((await failure(source.open({ start: 0, end: 2 }, { version }))).code).toBe('SOURCE_CHANGED')
  })

  it('pin by the version id where the bucket keeps versions', async () => {
    const asked: string[] = []
    await using at = await answering((request, response) => {
      asked.push(request.url!)
      const headers = { etag: '"e"', 'x-cos-version-id': 'MTg0NDUx', 'content-length': 2 }
      response.writeHead(200, headers).end(request.method === 'GET' ? 'ab' : undefined)
    })
    const source = at.store.source('key')
    const { version } = await source.stat()
    expect(version).toBe('MTg0NDUx')
    await read(await source.open(undefined, { version }))
    expect(asked).toEqual(['/key', '/key?versionId=MTg0NDUx'])
  })

  it('say by Retry-After how long to wait', async () => {
    await using at = await pair()
    const fault = { type: 'status', status: 503, headers: { 'retry-after': '3' } } as const
    at.server.misbehave({ fault })
    const error = await failure(at.store.source('key').open())
    expect(error).toMatchObject({
      code: 'THROTTLED',
      retry: 'temporary',
      context: { retryAfter: 3000, status: 503 },
    })
  })

  it('name the upload and the part in their errors', async () => {
    await using at = await pair()
    const session = await at.store.sink('key').begin(plain)
    const uploadId = at.server.uploads()[0]?.uploadId
    at.server.misbehave({ fault: { type: 'reset' } })
    const error = await failure(session.writePart(part(bytes.length, 2), bodyOf(bytes)))
    expect(error.context).toMatchObject({ uploadId, partNumber: 3, operation: 'part upload' })
    await session.abort()
  })
})
