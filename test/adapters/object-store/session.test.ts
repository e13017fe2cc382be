import { describe, expect, it } from 'vitest'
import { objectStore } from '../../../src/adapters/object-store/store'
import type { Json } from '../../../src/contract/sink'
import { crc64 } from '../../../src/integrity/crc64'
import { bodyOf, connectionLost, error, FakeApi, md5, newObject } from './fake-api'

function setUp(api = new FakeApi()) {
  const store = objectStore(api, { capabilities: {}, close() {} })
  return { api, store, sink: store.sink('key') }
}

describe('aborting an upload', () => {
  it('aborts again when a late part landed', async () => {
    const { api, sink } = setUp()
    const session = await sink.begin(newObject())
    const abort = api.abortUpload
    let first = true
    api.abortUpload = async (key, uploadId, context) => {
      const upload = api.uploads.get(uploadId)
      await abort(key, uploadId, context)
      if (first && upload) api.uploads.set(uploadId, upload)
      first = false
    }
    await session.abort()
    expect(api.uploads.size).toBe(0)
    await session.abort()
  })

  it('fails, naming the upload, where it never goes away', async () => {
    const { api, sink } = setUp()
    const session = await sink.begin(newObject())
    api.abortUpload = async () => {}
    await expect(session.abort()).rejects.toMatchObject({ context: { uploadId: 'upload-1' } })
  })

  it('ends with its signal, and is awaited by closing the store', async () => {
    const { api, store, sink } = setUp()
    const session = await sink.begin(newObject())
    let release = () => {}
    api.abortUpload = () =>
      new Promise((resolve) => {
        release = () => resolve()
      })
    const aborted = session.abort({ signal: AbortSignal.timeout(60_000) })
    let closed = false
    const closing = store.close().then(() => {
      closed = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(closed).toBe(false)
    api.uploads.clear()
    release()
    await Promise.all([aborted, closing])
    await store.close()
    await expect(session.abort({ signal: AbortSignal.abort(error('TIMEOUT')) })).rejects.toMatchObject({
      code: 'TIMEOUT',
    })
  })
})

describe('taking up an upload', () => {
  it('lists its parts by index', async () => {
    const { api, sink } = setUp()
    const { state } = await sink.begin(newObject())
    api.addPart('upload-1', 2, 5, 'b')
    api.addPart('upload-1', 1, 5, 'a')
    const session = await sink.resume!(JSON.parse(JSON.stringify(state)), newObject())
    expect((await session.listParts!()).map((part) => [part.index, part.etag])).toEqual([
      [0, '"a"'],
      [1, '"b"'],
    ])
  })

  it('is SESSION_LOST for one that is gone, of another key, or unreadable', async () => {
    const { api, sink } = setUp()
    const { state } = await sink.begin(newObject())
    const fields = state as Record<string, string>
    const others: Json[] = [{ ...fields, key: 'other' }, { ...fields, bucket: 'other' }, null, 'x', {}]
    for (const other of others) {
      await expect(sink.resume!(other, newObject())).rejects.toMatchObject({ code: 'SESSION_LOST' })
    }
    api.uploads.clear()
    await expect(sink.resume!(state, newObject())).rejects.toMatchObject({ code: 'SESSION_LOST' })
  })
})

describe('an upload whose begin was not answered', () => {
  const losing = (api: FakeApi) => {
    const create = api.createUpload
    api.createUpload = async (...values) => {
      await create(...values)
      api.createUpload = create
      throw connectionLost()
    }
  }

  it('is aborted once the session that followed has ended', async () => {
    const { api, store, sink } = setUp()
    losing(api)
    await expect(sink.begin(newObject())).rejects.toMatchObject({ code: 'CONNECTION' })
    const session = await sink.begin(newObject())
    const receipt = await session.writePart({ index: 0, start: 0, size: 1 }, bodyOf('a'))
    expect([...api.uploads.keys()]).toEqual(['upload-1', 'upload-2'])
    await session.commit([receipt])
    await expect.poll(() => api.uploads.size).toBe(0)
    await store.close()
  })

  it('is aborted when the store closes', async () => {
    const { api, store, sink } = setUp()
    losing(api)
    await expect(sink.begin(newObject())).rejects.toMatchObject({ code: 'CONNECTION' })
    await store.close()
    expect(api.uploads.size).toBe(0)
  })

  it('is aborted although the first look fails', async () => {
    const { api, store, sink } = setUp()
    losing(api)
    const look = api.listUploads
    api.listUploads = async () => {
      api.listUploads = look
      throw connectionLost()
    }
    await expect(sink.begin(newObject())).rejects.toMatchObject({ code: 'CONNECTION' })
    await store.close()
    expect(api.uploads.size).toBe(0)
  })

  it('is told from uploads with parts, from old ones, and from those of this process', async () => {
    const { api, store, sink } = setUp()
    api.uploads.set('busy', { key: 'key', initiated: new Date(), parts: new Map() })
    api.addPart('busy', 1, 1, 'a')
    api.uploads.set('old', { key: 'key', initiated: new Date(Date.now() - 120_000), parts: new Map() })
    api.uploads.set('elsewhere', { key: 'key2', initiated: new Date(), parts: new Map() })
    const neighbour = setUp(api)
    await neighbour.sink.begin(newObject())
    losing(api)
    await expect(sink.begin(newObject())).rejects.toMatchObject({ code: 'CONNECTION' })
    await store.close()
    expect([...api.uploads.keys()]).toEqual(['busy', 'old', 'elsewhere', 'upload-1'])
  })

  it('is left alone where a neighbour has written to it meanwhile', async () => {
    const { api, store, sink } = setUp()
    losing(api)
    await expect(sink.begin(newObject())).rejects.toMatchObject({ code: 'CONNECTION' })
    await expect.poll(() => api.calls.includes('listParts')).toBe(true)
    api.addPart('upload-1', 1, 1, 'a')
    await store.close()
    expect([...api.uploads.keys()]).toEqual(['upload-1'])
  })

  it('is not looked for where the request was refused', async () => {
    const { api, store, sink } = setUp()
    api.createUpload = async () => {
      throw error('ACCESS_DENIED')
    }
    await expect(sink.begin(newObject())).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
    await store.close()
    expect(api.calls).toEqual([])
  })
})

describe('putting a small object', () => {
  const bytes = Buffer.from('hello')
  const digests = { md5: md5(bytes), crc64: crc64(bytes) }

  it('has succeeded where the reply was lost and the object is there', async () => {
    const { api, sink } = setUp()
    const put = api.put
    api.put = async (...values) => {
      await put(...values)
      throw connectionLost()
    }
    expect(await sink.put!(newObject(), bytes, digests)).toMatchObject({ size: 5, etag: digests.md5 })
  })

  it('fails where the reply was lost and another object of that size stands there', async () => {
    const { api, sink } = setUp()
    api.objects.set('key', { size: 5, etag: md5(Buffer.from('older')) })
    api.put = async () => {
      throw connectionLost()
    }
    await expect(sink.put!(newObject(), bytes, digests)).rejects.toMatchObject({ code: 'CONNECTION' })
  })

  it('is INTEGRITY, and taken back, where other bytes were stored', async () => {
    const { api, sink } = setUp()
    api.put = async (key) => {
      const other = md5(Buffer.from('hellO'))
      api.objects.set(key, { size: 5, etag: other })
      return { etag: other, md5: other }
    }
    await expect(sink.put!(newObject(), bytes, digests)).rejects.toMatchObject({ code: 'INTEGRITY' })
    expect(api.objects.size).toBe(0)
  })

  it('must not replace an object, but knows its own from a put whose reply was lost', async () => {
    const { api, sink } = setUp()
    api.objects.set('key', { size: 5, etag: digests.md5 })
    await expect(sink.put!(newObject(true), bytes, digests)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    api.objects.clear()
    const { head, put } = api
    api.put = async (...values) => {
      await put(...values)
      api.head = async () => {
        throw connectionLost()
      }
      throw connectionLost()
    }
    await expect(sink.put!(newObject(true), bytes, digests)).rejects.toMatchObject({ code: 'CONNECTION' })
    api.head = head
    expect(await sink.put!(newObject(true), bytes, digests)).toMatchObject({ size: 5 })
  })
})

describe('the keys of an object store', () => {
  it('are well-formed Unicode of 1 to 1024 bytes', () => {
    const { store } = setUp()
    for (const key of ['', 'x'.repeat(1025), '汉'.repeat(342), 'a\ud800b', 5 as never]) {
      expect(() => store.source(key)).toThrow(expect.objectContaining({ code: 'INVALID_KEY' }))
      expect(() => store.sink(key)).toThrow(expect.objectContaining({ code: 'INVALID_KEY' }))
    }
    expect(store.source('x'.repeat(1024)).location).toContain('/x')
    expect(store.source('汉'.repeat(341)).location).toContain('汉')
  })
})
