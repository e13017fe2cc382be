import { describe, expect, it } from 'vitest'
import { type MemoryOptions, memory } from '../../../src/adapters/memory'
import type { NewObject } from '../../../src/contract/sink'
import { readObject, writeObject } from '../../../src/testing/conformance'
import { bodyOf } from '../../../src/testing/conformance/tools/bodies'
import { digestsOf } from '../../../src/testing/conformance/tools/digests'
import { writeParts } from '../../../src/testing/conformance/tools/objects'
import { pattern } from '../../../src/testing/conformance/tools/pattern'

const object: NewObject = { attributes: {}, createOnly: false }

describe('a put', () => {
  const bytes = pattern(1000)
  const right = digestsOf(bytes)
  const wrong = digestsOf(pattern(1000, 2))

  for (const digest of ['crc64', 'md5'] as const) {
    it(`is refused when only the ${digest} is wrong`, async () => {
      const store = memory()
      const digests = { ...right, [digest]: wrong[digest] }
      const putting = store.sink('a').put!(object, bytes, digests)
      await expect(putting).rejects.toMatchObject({ code: 'INTEGRITY', retry: 'temporary' })
      expect(await store.sink('a').stat!()).toBeUndefined()
    })
  }

  it('states both digests, and the MD5 as ETag', async () => {
    const committed = await memory().sink('a').put!(object, bytes, right)
    expect(committed).toMatchObject({ ...right, etag: right.md5, size: 1000 })
  })
})

describe('a commit', () => {
  it('states the CRC64 of the whole object, combined from its parts', async () => {
    const bytes = pattern(100_000)
    const committed = await writeObject(memory(), 'a', bytes, { partSize: 33_333 })
    expect(committed.crc64).toBe(digestsOf(bytes).crc64)
    expect(committed.etag).toMatch(/^[0-9a-f]{32}-4$/)
  })

  it('of no parts states the digests of nothing', async () => {
    expect(await writeObject(memory(), 'a', new Uint8Array(0))).toMatchObject({ size: 0, crc64: '0' })
  })

  const bytes = pattern(300)
  const gapped = [
    { index: 0, start: 0, size: 100 },
    { index: 1, start: 200, size: 100 },
  ]

  it('is refused where the parts leave a gap', async () => {
    const session = await memory().sink('a').begin(object)
    const receipts = await writeParts(session, bytes, gapped)
    await expect(session.commit(receipts)).rejects.toMatchObject({ code: 'INTEGRITY', retry: 'permanent' })
  })

  it('is refused where the parts are fewer bytes than were announced', async () => {
    const session = await memory()
      .sink('a')
      .begin({ ...object, size: 300 })
    const receipts = await writeParts(session, bytes, [gapped[0]!])
    await expect(session.commit(receipts)).rejects.toMatchObject({ code: 'INTEGRITY' })
  })

  it('is refused where a receipt is of an older content of its part', async () => {
    const session = await memory().sink('a').begin(object)
    const old = await writeParts(session, bytes, [gapped[0]!])
    await writeParts(session, pattern(300, 2), [gapped[0]!])
    await expect(session.commit(old)).rejects.toMatchObject({ code: 'INTEGRITY' })
  })
})

describe('limits', () => {
  async function send(limits: MemoryOptions, sizes: readonly number[]) {
    const session = await memory(limits).sink('a').begin(object)
    let start = 0
    const parts = sizes.map((size, index) => {
      start += size
      return { index, start: start - size, size }
    })
    return session.commit(await writeParts(session, pattern(start), parts))
  }

  it('are declared as they were given', () => {
    const limits = { minPartSize: 5, maxPartSize: 10, maxParts: 3, maxObjectSize: 25, maxPutSize: 7 }
    expect(memory(limits).sink('a').capabilities).toMatchObject(limits)
  })

  it('refuse a part that is too small, unless it is the last', async () => {
    await expect(send({ minPartSize: 5 }, [4, 5])).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    await expect(send({ minPartSize: 5 }, [5, 1])).resolves.toMatchObject({ size: 6 })
  })

  it('refuse a part that is too large', async () => {
    await expect(send({ maxPartSize: 5 }, [5, 6])).rejects.toMatchObject({ code: 'TOO_LARGE' })
  })

  it('refuse a part too many', async () => {
    await expect(send({ maxParts: 2 }, [1, 1, 1])).rejects.toMatchObject({ code: 'TOO_LARGE' })
  })

  it('refuse an object that is too large', async () => {
    await expect(send({ maxObjectSize: 2 }, [1, 1, 1])).rejects.toMatchObject({ code: 'TOO_LARGE' })
  })

  it('refuse a put that is too large', async () => {
    const bytes = pattern(8)
    const putting = memory({ maxPutSize: 7 }).sink('a').put!(object, bytes, digestsOf(bytes))
    await expect(putting).rejects.toMatchObject({ code: 'TOO_LARGE' })
  })
})

describe('a body that is read', () => {
  it('lends one buffer again and again, so that a reader which keeps chunks is found out', async () => {
    const store = memory()
    await writeObject(store, 'a', pattern(300_000))
    const kept: Uint8Array[] = []
    for await (const chunk of await store.source('a').open()) kept.push(chunk)
    expect(Buffer.concat(kept).equals(pattern(300_000))).toBe(false)
    expect(Buffer.from(await readObject(store, 'a')).equals(pattern(300_000))).toBe(true)
  })

  it('cannot be used to change what is stored', async () => {
    const store = memory()
    await writeObject(store, 'a', pattern(100))
    for await (const chunk of await store.source('a').open()) chunk.fill(0)
    expect(await readObject(store, 'a')).toEqual(pattern(100))
  })

  it('lets timers have their turn', async () => {
    const store = memory()
    await writeObject(store, 'a', pattern(4 * 1024 * 1024))
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 0)
    const reading = (async () => {
      // Thousands of chunks: were they read in one turn, the timer would find them all gone.
      for (let time = 0; time < 50; time++)
        await readObject(store, 'a', undefined, { signal: controller.signal })
    })()
    await expect(reading).rejects.toMatchObject({ code: 'ABORTED' })
  })
})

describe('a key', () => {
  it('with a lone surrogate is refused, for it has no bytes of its own', () => {
    for (const key of ['a\ud800', '\udc00b']) {
      expect(() => memory().source(key)).toThrow(expect.objectContaining({ code: 'INVALID_KEY' }))
      expect(() => memory().sink(key)).toThrow(expect.objectContaining({ code: 'INVALID_KEY' }))
    }
  })

  it('that is no string is refused', () => {
    expect(() => memory().source(7 as never)).toThrow(expect.objectContaining({ code: 'INVALID_KEY' }))
  })
})

describe('a store', () => {
  it('has a name, which its locations begin with', () => {
    expect(memory().sink('a/b').location).toBe('memory/a/b')
    expect(memory({ name: 'staging' }).source('a').location).toBe('staging/a')
  })

  it('gives metadata names in lower case, as object stores do', async () => {
    const store = memory()
    await writeObject(store, 'a', pattern(1), { attributes: { metadata: { Owner: 'Ada' } } })
    expect((await store.source('a').stat()).metadata).toEqual({ owner: 'Ada' })
  })

  it('names the uploads that are under way', async () => {
    const store = memory()
    const session = await store.sink('a').begin(object)
    expect(store.uploads()).toEqual(['a'])
    await session.abort()
    expect(store.uploads()).toEqual([])
  })

  it('shares nothing with another', async () => {
    const [one, other] = [memory(), memory()]
    await writeObject(one, 'a', pattern(1))
    const session = await one.sink('b').begin(object)
    expect(await other.sink('a').stat!()).toBeUndefined()
    await expect(other.sink('b').resume!(session.state, object)).rejects.toMatchObject({
      code: 'SESSION_LOST',
    })
  })

  it('closes although a cleanup it was handed has failed', async () => {
    const store = memory()
    store.sink('a').defer!(Promise.reject(new Error('the backend is gone')))
    await expect(store.close()).resolves.toBeUndefined()
  })

  it('passes on the reason of a signal that is a TransferError', async () => {
    const store = memory()
    const session = await store.sink('a').begin(object)
    const timeout = await store
      .source('missing')
      .stat()
      .catch((error: unknown) => error)
    const part = { index: 0, start: 0, size: 1 }
    const writing = session.writePart(part, bodyOf(pattern(1)), { signal: AbortSignal.abort(timeout) })
    await expect(writing).rejects.toBe(timeout)
  })
})
