import { afterEach, describe, expect, it } from 'vitest'
import { objectStore } from '../../../src/adapters/object-store/store'
import type { NewObject, PartReceipt, PendingObject, WriteSession } from '../../../src/contract/sink'
import type { ObjectAttributes } from '../../../src/contract/source'
import { compositeEtag } from '../../../src/integrity/etag'
import { bodyOf, connectionLost, error, FakeApi, md5, newObject } from './fake-api'

const stores: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close()
})

const etag = compositeEtag([md5(Buffer.from('abc')), md5(Buffer.from('de'))])

async function sent(object: NewObject = newObject()) {
  const api = new FakeApi()
  const store = objectStore(api, { capabilities: {}, close() {} })
  stores.push(store)
  const sink = store.sink('key')
  const session = await sink.begin(object)
  const receipts = await write(session)
  const pending: PendingObject = { size: 5, digests: {}, session: session.state, receipts }
  return { api, sink, session, receipts, pending, object, look: () => sink.reconcile!(pending, object) }
}

async function write(session: WriteSession): Promise<PartReceipt[]> {
  return [
    await session.writePart({ index: 0, start: 0, size: 3 }, bodyOf('abc')),
    await session.writePart({ index: 1, start: 3, size: 2 }, bodyOf('de')),
  ]
}

const carrying = (attributes: ObjectAttributes, createOnly = false): NewObject => ({ attributes, createOnly })

describe('looking for the object of an upload', () => {
  it('finds it by size and composite ETag, and says which check it made', async () => {
    const { session, receipts, look } = await sent()
    await session.commit(receipts)
    expect(await look()).toMatchObject({ size: 5, etag, verified: ['object-etag'] })
  })

  it('finds it by the ETags of its parts where no MD5 of them is known, and claims no check', async () => {
    const { sink, session, receipts, pending, object } = await sent()
    await session.commit(receipts)
    const unknown = receipts.map(({ md5: _, ...receipt }) => receipt)
    expect(await sink.reconcile!({ ...pending, receipts: unknown }, object)).toMatchObject({ verified: [] })
  })

  it('cannot tell by such ETags that it is another', async () => {
    const { api, sink, session, receipts, pending, object } = await sent()
    await session.abort()
    api.objects.set('key', { size: 5, etag: 'of-another-kind-2' })
    const unknown = receipts.map(({ md5: _, ...receipt }) => receipt)
    const looking = sink.reconcile!({ ...pending, receipts: unknown }, object)
    await expect(looking).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  })

  it('looks for the upload first, and then for the object', async () => {
    const { api, look } = await sent()
    api.calls.length = 0
    expect(await look()).toBeUndefined()
    expect(api.calls).toEqual(['listParts', 'head'])
  })

  it.each(['listParts', 'head'] as const)('says nothing where %s fails', async (call) => {
    const { api, look } = await sent()
    api[call] = async () => {
      throw connectionLost()
    }
    await expect(look()).rejects.toMatchObject({ code: 'CONNECTION' })
  })

  it('does not take an equal object for its own that was created while the upload stands', async () => {
    const { api, look } = await sent(newObject(true))
    api.objects.set('key', { size: 5, etag })
    expect(await look()).toBeUndefined()
  })

  it('refuses the state of another key', async () => {
    const { sink, pending, object } = await sent()
    const looking = sink.reconcile!({ ...pending, session: { uploadId: 'x' } }, object)
    await expect(looking).rejects.toMatchObject({ code: 'SESSION_LOST' })
  })
})

describe('an object of the right bytes', () => {
  const object = carrying({
    contentType: 'Text/Plain; charset=UTF-8',
    contentDisposition: 'attachment; filename="ä.txt"',
    metadata: { Owner: 'me' },
  })
  const asStored: ObjectAttributes = {
    contentType: 'text/plain;charset=utf-8',
    contentDisposition: 'attachment; filename="%C3%A4.txt"',
    cacheControl: 'set by the bucket',
    metadata: { owner: 'me', added: 'by the backend' },
  }

  async function standing(attributes: ObjectAttributes) {
    const upload = await sent(object)
    await upload.api.completeUpload(
      'key',
      (upload.session.state as { uploadId: string }).uploadId,
      [],
      object,
      {},
    )
    const { head } = upload.api
    upload.api.head = async (...values) => ({ ...(await head(...values)), ...attributes })
    return upload
  }

  it('is ours where it carries the attributes that were asked for, however they are spelt', async () => {
    const { look, session, receipts } = await standing(asStored)
    expect(await look()).toMatchObject({ etag })
    expect(await session.commit(receipts)).toMatchObject({ etag })
  })

  it.each<[string, ObjectAttributes]>([
    ['type', { ...asStored, contentType: 'text/html' }],
    ['metadata', { ...asStored, metadata: { owner: 'you' } }],
    ['no attribute at all', {}],
  ])('is not claimed where it carries another %s', async (_, attributes) => {
    const { look, session, receipts } = await standing(attributes)
    await expect(look()).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
    await expect(session.commit(receipts)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  })

  it('is not ours while the upload stands and it carries other attributes', async () => {
    const { api, look } = await sent(object)
    api.objects.set('key', { size: 5, etag })
    expect(await look()).toBeUndefined()
  })
})

describe('a commit that was lost while an equal object stands there', () => {
  const losing = async (createOnly: boolean) => {
    const upload = await sent(newObject(createOnly))
    upload.api.completeUpload = async () => {
      upload.api.objects.set('key', { size: 5, etag })
      throw connectionLost()
    }
    return upload
  }

  it('is as good as done, and its upload is aborted', async () => {
    const { api, session, receipts } = await losing(false)
    expect(await session.commit(receipts)).toMatchObject({ etag })
    await expect.poll(() => api.uploads.size).toBe(0)
  })

  it('was not done where it must create the object', async () => {
    const { session, receipts } = await losing(true)
    await expect(session.commit(receipts)).rejects.toMatchObject({ code: 'CONNECTION' })
    await expect(session.commit(receipts)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  })
})

describe('an object that was stored damaged', () => {
  const other = compositeEtag([md5(Buffer.from('x'))])

  async function damaged() {
    const upload = await sent()
    upload.api.completeUpload = async (_key, uploadId) => {
      upload.api.uploads.delete(uploadId)
      upload.api.objects.set('key', { size: 5, etag: other })
      return { etag: `"${other}"` }
    }
    upload.api.remove = async () => {
      throw error('ACCESS_DENIED')
    }
    return upload
  }

  it('is OUTCOME_UNKNOWN where it cannot be taken back', async () => {
    const { session, receipts } = await damaged()
    await expect(session.commit(receipts)).rejects.toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      cause: { code: 'INTEGRITY' },
      context: { stored: { etag: other } },
    })
  })

  it('is not taken for an object that was there before, until it is gone', async () => {
    const { api, session, receipts, look } = await damaged()
    await session.commit(receipts).catch(() => {})
    await expect(look()).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
    api.objects.delete('key')
    expect(await look()).toBeUndefined()
  })

  const digests = { md5: md5(Buffer.from('abc')), crc64: '1' }
  async function damagedPut(break_: (api: FakeApi) => void) {
    const upload = await sent()
    const wrong = md5(Buffer.from('xyz'))
    upload.api.put = async () => {
      upload.api.objects.set('key', { size: 3, etag: wrong })
      break_(upload.api)
      return { etag: wrong, md5: wrong }
    }
    return { ...upload, putting: () => upload.sink.put!(newObject(), Buffer.from('abc'), digests) }
  }

  it('by a put is INTEGRITY where it was taken back, or somebody replaced it', async () => {
    const removed = await damagedPut(() => {})
    await expect(removed.putting()).rejects.toMatchObject({ code: 'INTEGRITY', retry: 'temporary' })
    expect(removed.api.objects.size).toBe(0)
    const replaced = await damagedPut((api) => api.objects.set('key', { size: 9, etag: 'theirs' }))
    await expect(replaced.putting()).rejects.toMatchObject({ code: 'INTEGRITY' })
    expect(replaced.api.objects.get('key')?.etag).toBe('theirs')
  })

  it.each(['head', 'remove'] as const)('by a put is OUTCOME_UNKNOWN where %s fails', async (call) => {
    const { api, sink, putting } = await damagedPut((api) => {
      api[call] = async () => {
        throw connectionLost()
      }
    })
    const { head } = api
    const cause = { code: 'INTEGRITY' }
    await expect(putting()).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN', retry: 'temporary', cause })
    api.head = head
    const pending: PendingObject = { size: 3, digests, receipts: [] }
    await expect(sink.reconcile!(pending, newObject())).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  })
})
