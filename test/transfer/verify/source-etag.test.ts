import { createHash } from 'node:crypto'
import { memoryCheckpoints } from 'sluiceway'
import { memory } from 'sluiceway/memory'
import { readObject } from 'sluiceway/testing'
import { describe, expect, it } from 'vitest'
import { TransferError } from '../../../src/contract/errors'
import type { CompositeMd5, Source } from '../../../src/contract/source'
import { compositeEtag } from '../../../src/integrity/etag'
import { transfer } from '../../../src/transfer/transfer'
import { fakeSink, fakeSource, pattern, quickRetry as retry } from '../fakes'

const MiB = 1024 ** 2
const bytes = pattern(200_000)
const md5 = (some: Uint8Array) => createHash('md5').update(some).digest('hex')

/** What a store states of an object uploaded in parts of these sizes. */
function compositeOf(whole: Uint8Array, sizes: readonly number[]): CompositeMd5 {
  const ends = sizes.map((_, index) => sizes.slice(0, index + 1).reduce((sum, size) => sum + size, 0))
  const md5s = ends.map((end, index) => md5(whole.subarray(end - sizes[index]!, end)))
  return { md5: compositeEtag(md5s).split('-')[0]!, parts: sizes.length }
}

const equalSizes = (size: number, partSize: number) =>
  Array.from({ length: Math.ceil(size / partSize) }, (_, index) =>
    Math.min(partSize, size - index * partSize),
  )

interface Uploaded {
  readonly sizes: readonly number[]
  readonly whole?: Buffer
  /** Whether the store tells sizes of parts. */
  readonly tells?: boolean
  /** What the store gives, where that is not what was uploaded. */
  readonly gives?: Buffer
  readonly change?: Partial<Source>
}

function uploaded({ sizes, whole = bytes, tells = true, gives = whole, change = {} }: Uploaded) {
  const asked: number[] = []
  const compositeMd5 = compositeOf(whole, sizes)
  const source = fakeSource(gives, {
    stat: async () => ({ key: 'source', size: whole.byteLength, version: '1', compositeMd5 }),
    ...(tells && {
      partSize: async (part: number) => {
        asked.push(part)
        return sizes[part]
      },
    }),
    ...change,
  })
  return { source, asked }
}

const verify = 'end-to-end'
const damaged = Buffer.from(bytes)
damaged[123_456] = damaged[123_456]! ^ 1

describe('a source whose ETag is made of its parts', () => {
  it.each([
    ['equal to ours, several at once', 10_000, 4],
    ['held whole by ours, several at once', 2500, 4],
    ['across ours, one by one', 7000, 1],
    ['larger than ours, one by one', 150_000, 1],
  ])('is checked with parts %s', async (_, partSize, peak) => {
    const { source, asked } = uploaded({ sizes: equalSizes(bytes.length, partSize) })
    const sink = fakeSink()
    const result = await transfer(source, sink, { partSize: 10_000, concurrency: 4, verify })
    expect(sink.object?.equals(bytes)).toBe(true)
    expect(result.verified).toContain('source-etag')
    expect(result.unverified).toEqual([])
    expect(sink.peak).toBe(peak)
    expect(asked).toEqual(partSize > 100_000 ? [0] : [0, Math.ceil(bytes.length / partSize) - 1])
  })

  it.each([10_000, 2500, 7000, 150_000, 200_000])(
    'is INTEGRITY where a byte is another and its parts of %i bytes are known',
    async (partSize) => {
      const { source } = uploaded({ sizes: equalSizes(bytes.length, partSize), gives: damaged })
      const sink = fakeSink()
      const failed = transfer(source, sink, { partSize: 10_000, verify, retry })
      await expect(failed).rejects.toMatchObject({ code: 'INTEGRITY', retry: 'permanent' })
      expect(sink.object).toBeUndefined()
    },
  )

  it('is checked where parts fail and are sent again', async () => {
    for (const partSize of [10_000, 2500, 7000]) {
      const { source } = uploaded({ sizes: equalSizes(bytes.length, partSize) })
      const sink = fakeSink()
      const { begin } = sink
      let calls = 0
      sink.begin = async (object) => {
        const session = await begin(object)
        const { writePart } = session
        return Object.assign(session, {
          writePart: async (...args: Parameters<typeof writePart>) => {
            const receipt = await writePart(...args)
            calls += 1
            if (calls % 3 === 0) throw Object.assign(new Error('reset'), { code: 'ECONNRESET' })
            return receipt
          },
        })
      }
      const result = await transfer(source, sink, { partSize: 10_000, verify, retry })
      expect(result.retries).toBeGreaterThan(5)
      expect(result.verified).toContain('source-etag')
    }
  })

  it('is checked by the planned part size, where the store does not tell that of its parts', async () => {
    const { source } = uploaded({ sizes: equalSizes(bytes.length, 10_000), tells: false })
    const result = await transfer(source, fakeSink(), { partSize: 10_000, verify })
    expect(result.verified).toContain('source-etag')
  })

  it.each([
    ['no usual size fits', equalSizes(bytes.length, 9999), 'could not be found'],
    ['its parts differ in size by a byte', [66_668, 66_666, 66_666], 'could not be found'],
    ['its first part is the smallest', [20_000, 180_000], 'could not be found'],
  ])('is named as not checked where %s', async (_, sizes, reason) => {
    const { source } = uploaded({ sizes, tells: sizes.length < 10 })
    const result = await transfer(source, fakeSink(), { partSize: 10_000, verify })
    expect(result.verified).not.toContain('source-etag')
    expect(result.unverified).toMatchObject([
      { check: 'source-etag', reason: expect.stringContaining(reason) },
    ])
  })

  it('is no error where the sizes are a guess and do not fit', async () => {
    const { source } = uploaded({ sizes: equalSizes(bytes.length, 10_000), gives: damaged, tells: false })
    const result = await transfer(source, fakeSink(), { partSize: 10_000, verify })
    expect(result.unverified).toMatchObject([
      { check: 'source-etag', reason: expect.stringMatching(/10000.* guess/) },
    ])
  })

  it('takes a store that answers for the whole object, or not for the last part, for one that does not tell', async () => {
    const sizes = equalSizes(bytes.length, 10_000)
    const whole = uploaded({ sizes, gives: damaged, change: { partSize: async () => bytes.length } })
    const sparse = uploaded({
      sizes,
      gives: damaged,
      change: { partSize: async (part) => (part === 0 ? 10_000 : undefined) },
    })
    for (const { source } of [whole, sparse]) {
      const result = await transfer(source, fakeSink(), { partSize: 10_000, verify })
      expect(result.unverified).toMatchObject([
        { check: 'source-etag', reason: expect.stringContaining('guess') },
      ])
    }
  })

  it('is moved all the same where asking for its parts fails', async () => {
    const partSize = () => Promise.reject(new Error('part numbers are beyond this gateway'))
    const { source } = uploaded({ sizes: equalSizes(bytes.length, 10_000), change: { partSize } })
    const options = { partSize: 10_000, verify, retry: { retries: 0 } } as const
    expect((await transfer(source, fakeSink(), options)).verified).toContain('source-etag')
  })

  it('is checked where it is put in one piece, also when it is empty', async () => {
    for (const sizes of [equalSizes(bytes.length, 7000), [bytes.length]]) {
      const { source } = uploaded({ sizes })
      const put = async () => ({ size: bytes.length })
      const sink = fakeSink({ sink: { put, capabilities: { maxPutSize: MiB } } })
      expect((await transfer(source, sink, { verify })).verified).toContain('source-etag')
    }
    const { source } = uploaded({ sizes: [0], whole: Buffer.alloc(0) })
    expect((await transfer(source, fakeSink(), { verify })).verified).toContain('source-etag')
  })

  it('is not asked for its parts unless that is wanted', async () => {
    const { source, asked } = uploaded({ sizes: equalSizes(bytes.length, 10_000) })
    await transfer(source, fakeSink(), { partSize: 10_000 })
    expect(asked).toEqual([])
  })

  it('decides the part size where that is free, and within what the sink takes', async () => {
    const whole = pattern(20 * MiB)
    const { source } = uploaded({ whole, sizes: equalSizes(whole.length, 3 * MiB) })
    const free = await transfer(source, fakeSink(), { verify })
    expect(free).toMatchObject({ partSize: 3 * MiB, parts: 7 })
    const atLeast5 = fakeSink({ sink: { capabilities: { minPartSize: 5 * MiB } } })
    const nested = await transfer(source, atLeast5, { verify })
    expect(nested).toMatchObject({ partSize: 6 * MiB, parts: 4 })
    const atMost2 = fakeSink({ sink: { capabilities: { maxPartSize: 2 * MiB } } })
    const inOrder = await transfer(source, atMost2, { verify })
    expect(inOrder.partSize).toBe(2 * MiB)
    for (const { verified } of [free, nested, inOrder]) expect(verified).toContain('source-etag')
  })

  it('does not have the sink held to an MD5 that only the source is checked by', async () => {
    const committed: unknown[] = []
    const sink = fakeSink({
      session: {
        commit: async (receipts) => {
          committed.push(...receipts)
          return { size: bytes.length }
        },
      },
    })
    const { source } = uploaded({ sizes: equalSizes(bytes.length, 10_000) })
    expect((await transfer(source, sink, { partSize: 10_000, verify })).verified).toContain('source-etag')
    expect(committed).toHaveLength(20)
    for (const receipt of committed) expect(receipt).not.toHaveProperty('md5')
  })
})

describe('a transfer that is gone on with', () => {
  it.each([
    ['without reading again what was sent, where its parts are ours', 10_000, false],
    ['reading again what was sent, where ours hold its parts whole', 2500, true],
    ['reading again what was sent, where its parts are across ours', 7000, true],
  ])('is checked against the ETag of its source, %s', async (_, size, again) => {
    const store = memory({ maxPutSize: 0 })
    let breaksAt = 8
    const { source } = uploaded({ sizes: equalSizes(bytes.length, size) })
    const { open } = source
    const opened: number[] = []
    source.open = async (range, context) => {
      opened.push(range?.start ?? 0)
      if (opened.length > breaksAt) throw new TransferError('ACCESS_DENIED', 'The source closed its doors.')
      return open(range, context)
    }
    const checkpoint = { store: memoryCheckpoints(), id: 'a', grace: 0 }
    const options = { partSize: 10_000, verify, retry, checkpoint, concurrency: 1 } as const
    await expect(transfer(source, store.sink('a'), options)).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
    breaksAt = Number.POSITIVE_INFINITY
    opened.length = 0
    const result = await transfer(source, store.sink('a'), options)
    expect(result.verified).toContain('source-etag')
    expect(result.resumedBytes).toBe(80_000)
    expect(opened.includes(0)).toBe(again)
    expect(opened).toHaveLength(again ? 20 : 12)
    expect(await readObject(store, 'a')).toEqual(new Uint8Array(bytes))
  })
})
