import { afterEach, describe, expect, it } from 'vitest'
import { objectStore } from '../../../src/adapters/object-store/store'
import type { PartReceipt, WriteSession } from '../../../src/contract/sink'
import { compositeEtag } from '../../../src/integrity/etag'
import { bodyOf, connectionLost, error, FakeApi, md5, newObject } from './fake-api'

const stores: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close()
})

function setUp() {
  const api = new FakeApi()
  const store = objectStore(api, { capabilities: {}, close() {} })
  stores.push(store)
  return { api, sink: store.sink('key') }
}

async function write(session: WriteSession): Promise<PartReceipt[]> {
  return [
    await session.writePart({ index: 0, start: 0, size: 3 }, bodyOf('abc')),
    await session.writePart({ index: 1, start: 3, size: 2 }, bodyOf('de')),
  ]
}

const etag = compositeEtag([md5(Buffer.from('abc')), md5(Buffer.from('de'))])

describe('committing an upload', () => {
  it('verifies the composite ETag and the size of what was stored', async () => {
    const { api, sink } = setUp()
    const session = await sink.begin(newObject())
    const committed = await session.commit((await write(session)).reverse())
    expect(committed).toMatchObject({ size: 5, etag, verified: ['object-etag'] })
    expect(api.uploads.size).toBe(0)
  })

  it('gives the same answer again and sends nothing', async () => {
    const { api, sink } = setUp()
    const session = await sink.begin(newObject())
    const receipts = await write(session)
    const first = await session.commit(receipts)
    api.calls.length = 0
    expect(await session.commit(receipts)).toEqual(first)
    await session.abort()
    expect(api.calls).toEqual([])
  })

  it('looks at the object where the reply names no ETag', async () => {
    const { api, sink } = setUp()
    const session = await sink.begin(newObject())
    const complete = api.completeUpload
    api.completeUpload = async (...values) => ({ ...(await complete(...values)), etag: undefined })
    expect(await session.commit(await write(session))).toMatchObject({ etag, verified: ['object-etag'] })
  })

  it('does not take another writer’s object for damage to its own', async () => {
    const { api, sink } = setUp()
    const session = await sink.begin(newObject())
    const complete = api.completeUpload
    api.completeUpload = async (...values) => {
      const answer = await complete(...values)
      api.objects.set('key', { size: 9, etag: md5(Buffer.from('another')) })
      return answer
    }
    await expect(session.commit(await write(session))).resolves.toMatchObject({ etag })
    expect(api.objects.get('key')?.size).toBe(9)
  })

  it('takes back an object that is not what its parts make', async () => {
    const { api, sink } = setUp()
    const session = await sink.begin(newObject())
    api.completeUpload = async () => {
      const other = compositeEtag([md5(Buffer.from('x'))])
      api.objects.set('key', { size: 5, etag: other })
      return { etag: `"${other}"` }
    }
    await expect(session.commit(await write(session))).rejects.toMatchObject({ code: 'INTEGRITY' })
    expect(api.objects.has('key')).toBe(false)
  })

  it('refuses receipts that make no whole object', async () => {
    const { sink } = setUp()
    const session = await sink.begin(newObject())
    const [first, second] = (await write(session)) as [PartReceipt, PartReceipt]
    await expect(session.commit([second])).rejects.toMatchObject({ code: 'INVALID_OPTION' })
    await expect(session.commit([first, first])).rejects.toMatchObject({ code: 'INVALID_OPTION' })
    await expect(session.commit([first, { ...second, etag: undefined }])).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    })
  })

  it('makes an empty object of no parts, and ends the upload', async () => {
    const { api, sink } = setUp()
    const session = await sink.begin(newObject())
    expect(await session.commit([])).toMatchObject({ size: 0 })
    expect(api.objects.get('key')).toEqual({ size: 0, etag: md5(Buffer.alloc(0)) })
    await expect.poll(() => api.uploads.size).toBe(0)
  })
})

describe('a commit whose reply is lost', () => {
  it('has succeeded where the object is the one of its parts', async () => {
    const { api, sink } = setUp()
    const session = await sink.begin(newObject())
    const receipts = await write(session)
    const complete = api.completeUpload
    api.completeUpload = async (...values) => {
      await complete(...values)
      throw connectionLost()
    }
    expect(await session.commit(receipts)).toMatchObject({ size: 5, etag, verified: ['object-etag'] })
  })

  it('has succeeded where the retry says that there is no such upload', async () => {
    const { api, sink } = setUp()
    const session = await sink.begin(newObject())
    const receipts = await write(session)
    await api.completeUpload('key', (session.state as { uploadId: string }).uploadId, [], newObject(), {})
    expect(await session.commit(receipts)).toMatchObject({ etag })
  })

  it('is not taken for done where an object of the same size stands there', async () => {
    const { api, sink } = setUp()
    api.objects.set('key', { size: 5, etag: md5(Buffer.from('older')) })
    const session = await sink.begin(newObject())
    const receipts = await write(session)
    api.completeUpload = async () => {
      throw connectionLost()
    }
    await expect(session.commit(receipts)).rejects.toMatchObject({ code: 'CONNECTION', retry: 'temporary' })
  })

  it('is SESSION_LOST where the upload is gone and the object is another', async () => {
    const { api, sink } = setUp()
    api.objects.set('key', { size: 5, etag: md5(Buffer.from('older')) })
    const session = await sink.begin(newObject())
    const receipts = await write(session)
    api.uploads.clear()
    await expect(session.commit(receipts)).rejects.toMatchObject({ code: 'SESSION_LOST' })
  })

  it('is SESSION_LOST, too, where the backend answers a lost upload with an error of its own', async () => {
    const { api, sink } = setUp()
    const session = await sink.begin(newObject())
    const receipts = await write(session)
    api.uploads.clear()
    api.completeUpload = async () => {
      throw error('SERVER_ERROR', 'temporary')
    }
    await expect(session.commit(receipts)).rejects.toMatchObject({ code: 'SESSION_LOST', retry: 'permanent' })
  })

  it('is OUTCOME_UNKNOWN where the upload is gone and there is no digest to compare', async () => {
    const { api, sink } = setUp()
    api.objects.set('key', { size: 5, etag: 'opaque' })
    const session = await sink.begin(newObject())
    const receipts = (await write(session)).map(({ md5: _, ...receipt }) => receipt)
    api.uploads.clear()
    await expect(session.commit(receipts)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  })

  it('is no SESSION_LOST while the backend cannot be looked at', async () => {
    const { api, sink } = setUp()
    const session = await sink.begin(newObject())
    const receipts = await write(session)
    api.uploads.clear()
    api.head = async () => {
      throw connectionLost()
    }
    await expect(session.commit(receipts)).rejects.toMatchObject({ code: 'CONNECTION', retry: 'temporary' })
  })
})

describe('a commit that must not replace an object', () => {
  it('is ALREADY_EXISTS where one appeared meanwhile', async () => {
    const { api, sink } = setUp()
    const session = await sink.begin(newObject(true))
    const receipts = await write(session)
    api.objects.set('key', { size: 1, etag: 'x' })
    await expect(session.commit(receipts)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    expect(api.objects.get('key')?.etag).toBe('x')
  })

  it('is ALREADY_EXISTS where an equal one was there before any commit was sent', async () => {
    const { api, sink } = setUp()
    const session = await sink.begin(newObject(true))
    const receipts = await write(session)
    api.objects.set('key', { size: 5, etag })
    await expect(session.commit(receipts)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  })

  it('has succeeded where the object is that of its own commit, whose reply was lost', async () => {
    const { api, sink } = setUp()
    const session = await sink.begin(newObject(true))
    const receipts = await write(session)
    const { head, completeUpload } = api
    api.completeUpload = async (...values) => {
      await completeUpload(...values)
      api.head = async () => {
        throw connectionLost()
      }
      throw connectionLost()
    }
    await expect(session.commit(receipts)).rejects.toMatchObject({ code: 'CONNECTION' })
    api.head = head
    expect(await session.commit(receipts)).toMatchObject({ size: 5, etag })
  })
})

describe('revoking a commit', () => {
  it('removes the object that was committed', async () => {
    const { api, sink } = setUp()
    const session = await sink.begin(newObject())
    const committed = await session.commit(await write(session))
    await session.revoke!(committed)
    expect(api.objects.size).toBe(0)
    await session.revoke!(committed)
  })

  it('leaves an object that somebody wrote since', async () => {
    const { api, sink } = setUp()
    const session = await sink.begin(newObject())
    const committed = await session.commit(await write(session))
    api.objects.set('key', { size: 1, etag: 'newer' })
    await session.revoke!(committed)
    expect(api.objects.get('key')?.etag).toBe('newer')
  })
})
