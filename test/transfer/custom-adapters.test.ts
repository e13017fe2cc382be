import { getEventListeners } from 'node:events'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { TransferError } from '../../src/contract/errors'
import type { Progress } from '../../src/contract/events'
import type { Body, Part } from '../../src/contract/sink'
import type { Bytes, Source } from '../../src/contract/source'
import { crc64 } from '../../src/integrity/crc64'
import { transfer } from '../../src/transfer/transfer'
import { borrowed, collect, deaf, fakeSink, fakeSource, pattern, quickRetry, sha256, silence } from './fakes'

const bytes = pattern(50_000)
const retry = quickRetry
const temporary = () => new TransferError('CONNECTION', 'cut', { retry: 'temporary' })
const unsized = { stat: async () => ({ key: 'k', version: '1' }) }
const turn = () => new Promise((resolve) => setImmediate(resolve))

describe("a source of the caller's own", () => {
  it.each<[string, () => Partial<Source>]>([
    [
      'answers without promises',
      () => ({ stat: () => ({ size: 50_000 }), open: () => borrowed(bytes) }) as never,
    ],
    [
      'and of no known size answers without promises',
      () => ({ stat: () => ({}), open: () => borrowed(bytes) }) as never,
    ],
    ['gives a web stream', () => ({ open: async () => new Blob([bytes]).stream() as never })],
    [
      'and of no known size gives a web stream',
      () => ({ ...unsized, open: async () => new Blob([bytes]).stream() as never }),
    ],
    ['gives an iterator without return()', () => ({ open: async () => withoutReturn(borrowed(bytes)) })],
    ['names no version', () => ({ stat: async () => ({ key: 'k', size: 50_000 }) as never })],
  ])('may be one that %s', async (_, change) => {
    const sink = fakeSink()
    await transfer(fakeSource(bytes, change()), sink, { retry })
    expect(sha256(sink.object!)).toBe(sha256(bytes))
  })

  it.each([undefined, null, 'text'])('that states %s of itself has failed', async (info) => {
    const source = fakeSource(bytes, { stat: async () => info as never })
    await expect(transfer(source, fakeSink(), { retry })).rejects.toMatchObject({ code: 'SOURCE_FAILED' })
  })

  it.each(['known', 'unknown'])('of %s size has its hanging web stream cancelled', async (size) => {
    const controller = new AbortController()
    let cancelled = false
    const hanging = new ReadableStream<Uint8Array>({
      pull: () => deaf(),
      cancel: () => {
        cancelled = true
      },
    })
    const change = { ...(size === 'unknown' && unsized), open: async () => hanging as unknown as Bytes }
    const result = transfer(fakeSource(bytes, change), fakeSink(), { signal: controller.signal })
    setTimeout(() => controller.abort(), 10)
    await expect(result).rejects.toMatchObject({ code: 'ABORTED' })
    await turn()
    expect(cancelled).toBe(true)
  })

  it('may fail while its stream waits for memory, without ending the process', async () => {
    const memory = { memoryBudget: 10_000, partSize: 10_000, retry }
    const own = new Error('early')
    const failing = new Readable({ read() {} })
    const open = async () => {
      setImmediate(() => failing.destroy(own))
      return failing
    }
    const held: (() => void)[] = []
    const sink = fakeSink()
    // Fills the process's budget, so that the other one waits between opening and reading.
    const { processBudget } = await import('../../src/transfer/configure')
    const release = await processBudget().acquire(processBudget().total, new AbortController().signal)
    held.push(release)
    const result = transfer(fakeSource(bytes, { ...unsized, open }), sink, memory)
    setTimeout(() => held.pop()!(), 30)
    await expect(result).rejects.toMatchObject({ cause: own })
  })

  it('of unknown size is opened again where opening fails', async () => {
    let fail = 2
    const open = async () => {
      if (fail-- > 0) throw temporary()
      return borrowed(bytes)
    }
    const sink = fakeSink()
    await transfer(fakeSource(bytes, { ...unsized, open }), sink, { retry })
    expect(sha256(sink.object!)).toBe(sha256(bytes))
  })

  it('that gives too much is INTEGRITY, though leaving its bytes hangs', async () => {
    const iterator = { next: async () => ({ done: false as const, value: bytes }), return: deaf }
    const open = async () => ({ [Symbol.asyncIterator]: () => iterator })
    const result = transfer(fakeSource(bytes.subarray(0, 10), { open }), fakeSink(), { retry })
    await expect(result).rejects.toMatchObject({ code: 'INTEGRITY' })
  })
})

describe('a part whose attempt was given up', () => {
  it('counts and digests nothing any more, though it goes on', async () => {
    const told: Progress[] = []
    let opened = 0
    let goOn = () => {}
    const later = new Promise<void>((resolve) => {
      goOn = resolve
    })
    const source = fakeSource(bytes, {
      stat: async () => ({ key: 'k', version: '1', size: 50_000, digests: { crc64: crc64(bytes) } }),
      open: async (range) => {
        opened += 1
        return withoutReturn(opened === 1 ? slow() : borrowed(bytes.subarray(range?.start)))
      },
    })
    async function* slow() {
      yield bytes.subarray(0, 10)
      await later
      yield bytes.subarray(10)
    }
    const sink = fakeSink()
    const { begin } = sink
    sink.begin = async (object) => {
      const session = await begin(object)
      const { writePart } = session
      return Object.assign(session, {
        writePart: async (part: Part, body: Body) => {
          const receipt = await writePart(part, body)
          goOn()
          await turn()
          return receipt
        },
      })
    }
    const options = { verify: 'end-to-end', retry, timeouts: { idle: 40 } } as const
    const result = await transfer(source, sink, { ...options, onProgress: (p) => told.push(p) })
    expect(result.verified).toContain('source-crc64')
    expect(Math.max(...told.map((progress) => progress.bytes))).toBe(50_000)
  })

  it('gives its bytes back when the sink opens the body anew', async () => {
    let freed = 0
    const open = async () =>
      (async function* () {
        try {
          yield* borrowed(bytes)
        } finally {
          freed += 1
        }
      })()
    const sink = fakeSink({
      session: {
        async writePart({ index, size }, body) {
          const first = (await body.open())[Symbol.asyncIterator]()
          await first.next()
          expect((await collect(await body.open())).byteLength).toBe(50_000)
          await expect(first.next()).rejects.toThrow()
          return { index, size }
        },
        commit: async () => ({}),
      },
    })
    const result = await transfer(fakeSource(bytes, { open }), sink, { retry })
    expect(result.digests.crc64).toBe(crc64(bytes))
    expect(freed).toBe(2)
  })
})

describe("a sink of the caller's own", () => {
  it.each([undefined, null, {}])('may state %o as its capabilities', async (capabilities) => {
    const sink = fakeSink({ sink: { capabilities: capabilities as never } })
    await transfer(fakeSource(bytes), sink)
    expect(sha256(sink.object!)).toBe(sha256(bytes))
  })

  it('that throws instead of rejecting, or cannot be handed cleanup, fails as one that rejects', async () => {
    const sink = fakeSink({
      sink: {
        defer: () => {
          throw new Error('a bug')
        },
      },
      session: {
        writePart: () => {
          throw new Error('another')
        },
      },
    })
    await expect(transfer(fakeSource(bytes), sink, { retry })).rejects.toMatchObject({
      code: 'SINK_FAILED',
      cause: { message: 'another' },
    })
    expect(sink.aborted).toBe(1)
  })

  it('whose session comes in the very moment of the abort has it aborted', async () => {
    const controller = new AbortController()
    const inner = fakeSink()
    const sink = fakeSink({
      sink: {
        begin: async (object, context) => {
          await silence(context).catch(() => {})
          return inner.begin(object)
        },
      },
    })
    const result = transfer(fakeSource(bytes), sink, { signal: controller.signal })
    setTimeout(() => controller.abort(), 10)
    await expect(result).rejects.toMatchObject({ code: 'ABORTED' })
    await turn()
    expect(inner.aborted).toBe(1)
  })

  it('is given no more workers than it takes parts', async () => {
    const sink = fakeSink()
    await transfer(fakeSource(bytes), sink, { concurrency: Number.MAX_SAFE_INTEGER, partSize: 1000 })
    expect(sha256(sink.object!)).toBe(sha256(bytes))
  })

  it('may take 48.8 TiB, where parts are copied by the backend', async () => {
    const GiB = 1024 ** 3
    const size = 50_000 * GiB
    const source = fakeSource(bytes, { stat: async () => ({ key: 'k', version: '1', size }) })
    const sink = fakeSink({
      sink: { capabilities: { minPartSize: 1024 ** 2, maxPartSize: 5 * GiB, maxParts: 10_000 } },
      session: {
        copyPart: async (part) => ({ index: part.index, size: part.size }),
        commit: async (receipts) => ({ size: receipts.reduce((sum, receipt) => sum + receipt.size, 0) }),
      },
    })
    const result = await transfer(source, sink)
    expect(result).toMatchObject({
      bytes: size,
      parts: 10_000,
      partSize: 5 * GiB,
      verified: ['size'],
      digests: {},
    })
  })
})

describe('what belongs to the caller', () => {
  it('keeps no listener of a thousand transfers, however they end', async () => {
    const { signal } = new AbortController()
    const failing = { open: () => Promise.reject(new TransferError('NOT_FOUND', 'gone')) }
    for (let count = 0; count < 1000; count += 1) {
      const source = fakeSource(bytes.subarray(0, 100), count % 2 ? failing : {})
      await transfer(source, fakeSink(), { signal, partSize: 30 }).catch(() => {})
      expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    }
  })

  it('may be listeners that reject', async () => {
    const bug = async () => {
      throw new Error('a bug in a progress bar')
    }
    const result = await transfer(fakeSource(bytes), fakeSink(), { onProgress: bug, onEvent: bug })
    await turn()
    expect(result.bytes).toBe(50_000)
  })

  it('is refused as a signal where it is none', async () => {
    for (const signal of [{ aborted: false }, {}, 5, null]) {
      await expect(transfer(fakeSource(bytes), fakeSink(), { signal } as never)).rejects.toMatchObject({
        code: 'INVALID_OPTION',
        context: { option: 'signal' },
      })
    }
  })
})

function withoutReturn(bytes: AsyncGenerator<Uint8Array>): Bytes {
  return { [Symbol.asyncIterator]: () => ({ next: () => bytes.next() }) }
}
