import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { TransferError } from '../../src/contract/errors'
import type { Progress, TransferEvent } from '../../src/contract/events'
import { crc64 } from '../../src/integrity/crc64'
import { transfer } from '../../src/transfer/transfer'
import { collect, fakeSink, fakeSource, pattern, quickRetry, sha256 } from './fakes'

const retry = quickRetry
const md5 = (data: Uint8Array) => createHash('md5').update(data).digest('hex')
const bytes = pattern(100_000)
const broken = () => new TransferError('CONNECTION', 'cut', { retry: 'temporary' })

describe('a transfer', () => {
  it.each([0, 1, 9_999, 10_000, 10_001, 20_000, 20_001, 35_000])('moves %i bytes exactly', async (size) => {
    const sink = fakeSink()
    const result = await transfer(fakeSource(bytes.subarray(0, size)), sink, { partSize: 10_000 })
    expect(sha256(sink.object!)).toBe(sha256(bytes.subarray(0, size)))
    expect(result).toMatchObject({
      bytes: size,
      parts: Math.ceil(size / 10_000),
      partSize: 10_000,
      retries: 0,
      resumedBytes: 0,
      verified: ['size'],
      unverified: [],
      notCarried: [],
    })
    expect(result.digests.crc64).toBe(size === 0 ? undefined : crc64(bytes.subarray(0, size)))
  })

  it('opens each part at its own range, of the version it saw first', async () => {
    const versions: unknown[] = []
    const source = fakeSource(bytes)
    const { open } = source
    source.open = (range, context) => {
      versions.push(context?.version)
      return open(range, context)
    }
    await transfer(source, fakeSink(), { partSize: 40_000 })
    expect(source.opened).toEqual([
      { start: 0, end: 40_000 },
      { start: 40_000, end: 80_000 },
      { start: 80_000, end: 100_000 },
    ])
    expect(versions).toEqual(['1', '1', '1'])
  })

  it('keeps no more parts in flight than it may', async () => {
    const sink = fakeSink()
    await transfer(fakeSource(bytes), sink, { partSize: 5_000, concurrency: 3 })
    expect(sink.peak).toBe(3)
  })

  it('goes on with a part after a temporary failure of its source, and counts it', async () => {
    const events: TransferEvent[] = []
    let failures = 2
    const source = fakeSource(bytes)
    const { open } = source
    source.open = async (range, context) => {
      const whole = await open(range, context)
      if (range?.end !== 20_000 || failures === 0) return whole
      failures -= 1
      return (async function* () {
        for await (const chunk of whole) {
          yield chunk
          throw broken()
        }
      })()
    }
    const sink = fakeSink()
    const result = await transfer(source, sink, {
      partSize: 10_000,
      retry,
      onEvent: (event) => events.push(event),
    })
    expect(sha256(sink.object!)).toBe(sha256(bytes))
    expect(result.retries).toBe(2)
    expect(events.filter(({ type }) => type === 'retry')).toMatchObject([
      { operation: 'part', index: 1, attempt: 1, error: { code: 'CONNECTION' } },
      { operation: 'part', index: 1, attempt: 1 },
    ])
  })

  it('tells what happens as plan, part and commit events', async () => {
    const events: TransferEvent[] = []
    await transfer(fakeSource(bytes), fakeSink(), {
      partSize: 50_000,
      onEvent: (event) => events.push(event),
    })
    expect(events).toMatchObject([
      { type: 'plan', method: 'parts', size: 100_000, partSize: 50_000, parts: 2, concurrency: 8 },
      { type: 'part', size: 50_000 },
      { type: 'part', size: 50_000 },
      { type: 'commit', bytes: 100_000 },
    ])
  })

  it('reports progress that never falls, though parts are sent again, and ends at the size', async () => {
    const told: Progress[] = []
    let fail = 3
    const sink = fakeSink({
      session: {
        async writePart({ index, size }, body) {
          await collect(await body.open())
          await new Promise((resolve) => setTimeout(resolve, 60))
          if (index === 1 && fail-- > 0) throw broken()
          return { index, size }
        },
        async commit() {
          return {}
        },
      },
    })
    await transfer(fakeSource(bytes), sink, { partSize: 20_000, retry, onProgress: (p) => told.push(p) })
    expect(told.length).toBeGreaterThan(2)
    told.reduce((before, now) => {
      expect(now.bytes).toBeGreaterThanOrEqual(before.bytes)
      return now
    })
    expect(told.at(-1)).toMatchObject({ bytes: 100_000, size: 100_000, parts: 5 })
    expect(told.at(-1)!.bytesPerSecond).toBeGreaterThan(0)
  })

  it('is not disturbed by listeners that throw', async () => {
    const bug = () => {
      throw new Error('a bug in a progress bar')
    }
    await expect(
      transfer(fakeSource(bytes), fakeSink(), { onProgress: bug, onEvent: bug }),
    ).resolves.toMatchObject({ bytes: 100_000 })
  })
})

describe('a source that lies', () => {
  const lying = (give: Uint8Array) =>
    fakeSource(bytes, {
      open: async (range) =>
        (async function* () {
          yield give.subarray(range?.start)
        })(),
    })

  it.each([
    ['shorter', 'TRUNCATED', bytes.subarray(0, 99_999)],
    ['longer', 'INTEGRITY', pattern(100_001)],
    ['empty', 'TRUNCATED', new Uint8Array()],
  ])('%s than stated is %s, and nothing becomes visible', async (_, code, give) => {
    const sink = fakeSink()
    await expect(transfer(lying(give), sink, { retry })).rejects.toMatchObject({ code })
    expect(sink.object).toBeUndefined()
    expect(sink.aborted).toBe(1)
  })

  it('longer than nothing is INTEGRITY', async () => {
    const source = fakeSource(new Uint8Array(), {
      open: async () =>
        (async function* () {
          yield bytes
        })(),
    })
    await expect(transfer(source, fakeSink(), { retry })).rejects.toMatchObject({ code: 'INTEGRITY' })
  })

  it('gives its own error as the cause', async () => {
    const own = new RangeError('the disk of the source caught fire')
    const source = fakeSource(bytes, {
      open: async () =>
        (async function* () {
          yield bytes.subarray(0, 10)
          throw own
        })(),
    })
    await expect(transfer(source, fakeSink(), { retry })).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
      retry: 'exhausted',
      cause: own,
      context: { location: 'fake:source', operation: 'part', part: 0 },
    })
  })

  it('is replaced while it is read: SOURCE_CHANGED, and the commit does not happen', async () => {
    let version = 0
    const source = fakeSource(bytes, {
      stat: async () => ({ key: 'source', size: bytes.byteLength, version: String(++version) }),
    })
    const sink = fakeSink()
    await expect(transfer(source, sink)).rejects.toMatchObject({ code: 'SOURCE_CHANGED' })
    expect(sink.object).toBeUndefined()
  })

  it('gives strings instead of bytes: INVALID_OPTION', async () => {
    const source = fakeSource(bytes, {
      open: async () =>
        (async function* () {
          yield 'text' as never
        })(),
    })
    await expect(transfer(source, fakeSink(), { retry })).rejects.toMatchObject({ code: 'INVALID_OPTION' })
  })

  it('states a size that is none', async () => {
    const source = fakeSource(bytes, { stat: async () => ({ key: 'k', version: '1', size: 1.5 }) })
    await expect(transfer(source, fakeSink())).rejects.toMatchObject({ code: 'SOURCE_FAILED' })
  })
})

describe('a sink that lies', () => {
  it.each([
    ['size', { size: 5 }],
    ['crc64', { crc64: '1' }],
    ['md5', { md5: '0'.repeat(32) }],
  ])('about the %s of a part is asked again, then refused', async (_, wrong) => {
    let asked = 0
    const sink = fakeSink({
      sink: { capabilities: { attests: ['crc64', 'md5'] } },
      session: {
        async writePart({ index, size }, body) {
          asked += 1
          await collect(await body.open())
          return { index, size, ...wrong }
        },
      },
    })
    await expect(transfer(fakeSource(bytes), sink, { retry })).rejects.toMatchObject({
      code: 'INTEGRITY',
      retry: 'exhausted',
    })
    expect(asked).toBe(4)
    expect(sink.object).toBeUndefined()
  })

  it('and answers before it has read the body is refused', async () => {
    const sink = fakeSink({ session: { writePart: async ({ index, size }) => ({ index, size }) } })
    await expect(transfer(fakeSource(bytes), sink, { retry })).rejects.toMatchObject({ code: 'INTEGRITY' })
  })

  it.each([
    ['size', { size: 1 }],
    ['crc64', { crc64: '1' }],
  ])('about the %s of the object has its commit revoked', async (_, wrong) => {
    let revoked: unknown
    const sink = fakeSink({
      session: {
        commit: async () => ({ etag: 'e', ...wrong }),
        revoke: async (committed) => {
          revoked = committed
        },
      },
    })
    await expect(transfer(fakeSource(bytes), sink, { retry })).rejects.toMatchObject({ code: 'INTEGRITY' })
    expect(revoked).toEqual({ etag: 'e', ...wrong })
  })
})

describe('what was verified', () => {
  const attesting = (whole: object) =>
    fakeSink({
      sink: { capabilities: { attests: ['crc64', 'md5'] } },
      session: {
        async writePart({ index, size }, body) {
          const part = await collect(await body.open())
          return { index, size, crc64: crc64(part), md5: md5(part) }
        },
        commit: async () => whole,
      },
    })

  it('names what parts and object were held against', async () => {
    const result = await transfer(
      fakeSource(bytes),
      attesting({ crc64: crc64(bytes), verified: ['fsync'] }),
      {
        partSize: 30_000,
      },
    )
    expect([...result.verified].sort()).toEqual(['fsync', 'object-crc64', 'part-crc64', 'part-etag', 'size'])
  })

  it('is the size alone where no more was asked for, and nothing is digested', async () => {
    const result = await transfer(fakeSource(bytes), attesting({ crc64: '1' }), { verify: 'size' })
    expect(result).toMatchObject({ verified: ['size'], digests: {} })
  })

  it.each([
    ['crc64', crc64(bytes), 'source-crc64'],
    ['md5', md5(bytes), 'source-etag'],
  ])(
    'includes the %s of the source, end to end, over many parts that fail at times',
    async (name, digest, check) => {
      let fail = 2
      const source = fakeSource(bytes, {
        stat: async () => ({ key: 'k', version: '1', size: 100_000, digests: { [name]: digest } }),
      })
      const { open } = source
      source.open = async (range, context) => {
        if (range?.start === 20_000 && fail-- > 0) throw broken()
        return open(range, context)
      }
      const options = { partSize: 10_000, verify: 'end-to-end', retry } as const
      const result = await transfer(source, fakeSink(), options)
      expect(result.verified).toContain(check)
      const wrong = { ...source, stat: async () => ({ ...(await source.stat()), digests: { [name]: '1' } }) }
      const sink = fakeSink()
      await expect(transfer(wrong, sink, options)).rejects.toMatchObject({ code: 'INTEGRITY' })
      expect(sink.object).toBeUndefined()
    },
  )

  it('names an end-to-end check that cannot be made', async () => {
    const result = await transfer(fakeSource(bytes), fakeSink(), { verify: 'end-to-end' })
    expect(result.unverified).toMatchObject([{ check: 'source-etag' }])
  })
})

describe('a destination that exists', () => {
  const existing = () => Object.assign(fakeSink(), { object: Buffer.from('old') })

  it('is replaced by default', async () => {
    const sink = existing()
    await transfer(fakeSource(bytes), sink)
    expect(sink.object).toHaveLength(100_000)
  })

  it("fails with ifExists: 'fail'", async () => {
    const sink = existing()
    const source = fakeSource(bytes)
    await expect(transfer(source, sink, { ifExists: 'fail' })).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
    })
    expect(String(sink.object)).toBe('old')
    expect(source.opened).toEqual([])
  })

  it("is left alone with ifExists: 'skip', and no bytes move", async () => {
    const source = fakeSource(bytes)
    const result = await transfer(source, existing(), { ifExists: 'skip' })
    expect(result).toMatchObject({ skipped: true, bytes: 0 })
    expect(source.opened).toEqual([])
  })

  it.each(['fail', 'skip'] as const)(
    "and appears during the transfer is seen by the commit (ifExists: '%s')",
    async (ifExists) => {
      const sink = fakeSink({
        sink: { capabilities: { createOnly: 'enforced' } },
        session: {
          commit: async () => {
            throw new TransferError('ALREADY_EXISTS', 'somebody was faster')
          },
        },
      })
      const result = transfer(fakeSource(bytes), sink, { ifExists })
      if (ifExists === 'fail') await expect(result).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
      else expect(await result).toMatchObject({ skipped: true })
      expect(sink.written?.createOnly).toBe(true)
      expect(sink.aborted).toBe(1)
    },
  )

  it('names the gap where the sink can only look', async () => {
    const result = await transfer(fakeSource(bytes), fakeSink(), { ifExists: 'fail' })
    expect(result.unverified).toMatchObject([{ check: 'create-only' }])
  })
})

describe('attributes', () => {
  const carrying = { capabilities: { attributes: ['contentType', 'metadata'] as const } }
  const source = fakeSource(bytes, {
    stat: async () => ({
      key: 'k',
      version: '1',
      size: 100_000,
      contentType: 'text/plain',
      cacheControl: 'no-store',
      metadata: { a: '1' },
    }),
  })

  it('are carried from the source, and those that cannot be are reported', async () => {
    const sink = fakeSink({ sink: carrying })
    const result = await transfer(source, sink)
    expect(sink.written?.attributes).toEqual({ contentType: 'text/plain', metadata: { a: '1' } })
    expect(result.notCarried).toEqual(['cacheControl'])
  })

  it("are overridden by the sink's and those by the transfer's", async () => {
    const sink = fakeSink({ sink: { ...carrying, attributes: { contentType: 'b', metadata: { b: '2' } } } })
    await transfer(source, sink, { metadata: { contentType: 'c' } })
    expect(sink.written?.attributes).toEqual({ contentType: 'c', metadata: { b: '2' } })
  })

  it('that were set and cannot be stored are refused before a byte moves', async () => {
    const sink = fakeSink({ sink: carrying })
    await expect(transfer(source, sink, { metadata: { storageClass: 'IA' } })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      context: { attributes: ['storageClass'] },
    })
    expect(sink.written).toBeUndefined()
  })

  it('include a storage class of the source only where the sink knows it; one that was set always', async () => {
    const classed = fakeSource(bytes, {
      stat: async () => ({ key: 'k', version: '1', size: 100_000, storageClass: 'GLACIER' }),
    })
    const capabilities = { attributes: ['storageClass'], storageClasses: ['STANDARD'] } as const
    const sink = fakeSink({ sink: { capabilities } })
    expect((await transfer(classed, sink)).notCarried).toEqual(['storageClass'])
    expect(sink.written?.attributes).toEqual({})
    await transfer(classed, sink, { metadata: { storageClass: 'COLD' } })
    expect(sink.written?.attributes).toEqual({ storageClass: 'COLD' })
  })
})
