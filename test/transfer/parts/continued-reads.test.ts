import { describe, expect, it } from 'vitest'
import { TransferError } from '../../../src/contract/errors'
import type { TransferEvent } from '../../../src/contract/events'
import type { ByteRange, Bytes } from '../../../src/contract/source'
import { transfer } from '../../../src/transfer/transfer'
import { settled } from '../../support/handles'
import { borrowed, deaf, fakeSink, fakeSource, quickRetry } from '../fakes'
import { type Break, breaking, breakOff, bytes, countingSink, cut, move, moved, starts } from './breaking'
import { longTimers } from './long-timers'

describe('a source that breaks off in the middle', () => {
  it.each(['cut', 'end', 'silence'] as const)(
    'and goes on from the byte reached, while the sink waits: %s',
    async (how) => {
      const { source, contexts } = breaking([
        { after: 30_000, how },
        { after: 0, how },
        { after: 12_345, how },
      ])
      const options = { partSize: 50_000, concurrency: 1, timeouts: { idle: 60 } }
      const { sink, writes, result, retries } = await move(source, options)
      expect(result).toMatchObject({ ...moved, retries: 3 })
      expect(sink.object?.equals(bytes)).toBe(true)
      expect(writes).toEqual([0, 1])
      expect(source.opened).toEqual([
        { start: 0, end: 50_000 },
        { start: 30_000, end: 50_000 },
        { start: 30_000, end: 50_000 },
        { start: 42_345, end: 50_000 },
        { start: 50_000, end: 100_000 },
      ])
      expect(contexts.map(({ version }) => version)).toEqual(['1', '1', '1', '1', '1'])
      const code = { cut: 'CONNECTION', end: 'TRUNCATED', silence: 'TIMEOUT' }[how]
      expect(retries).toMatchObject([
        { operation: 'part', index: 0, attempt: 1, error: { code } },
        { operation: 'part', index: 0, attempt: 2, error: { code } },
        { operation: 'part', index: 0, attempt: 1, error: { code } },
      ])
      // What is behind a body that was given up is freed.
      expect(contexts.slice(0, 3).map(({ signal }) => signal?.aborted)).toEqual(Array(3).fill(how !== 'end'))
    },
  )

  it('and cannot even be opened at times is opened again, while the sink waits', async () => {
    const source = fakeSource(bytes)
    const { open } = source
    let fail = 3
    source.open = async (range) => {
      if (fail-- > 0) throw cut()
      return open(range)
    }
    const { writes, result } = await move(source)
    expect(result).toMatchObject({ ...moved, retries: 3 })
    expect(writes).toEqual([0])
  })

  it('is read whole at first, where the object is one part, and then by the range that is missing', async () => {
    const { source } = breaking([{ after: 60_000, how: 'cut' }])
    const { result } = await move(source)
    expect(result).toMatchObject(moved)
    expect(source.opened).toEqual([undefined, { start: 60_000, end: 100_000 }])
  })

  it('does not start a small object again that is put whole', async () => {
    const { source } = breaking([{ after: 60_000, how: 'cut' }])
    const put = async (_: unknown, given: Uint8Array) => {
      expect(Buffer.from(given).equals(bytes)).toBe(true)
      return {}
    }
    const sink = fakeSink({ sink: { put, capabilities: { maxPutSize: 200_000 } } })
    const result = await transfer(source, sink, { retry: quickRetry })
    expect(result).toMatchObject({ ...moved, retries: 1 })
    expect(starts(source)).toEqual([undefined, 60_000])
  })

  it('after the last byte is asked for the end, and so for the version', async () => {
    const { source } = breaking([{ after: 100_000, how: 'silence' }])
    const { writes, result } = await move(source, { timeouts: { idle: 40 } })
    expect(result).toMatchObject(moved)
    expect(writes).toEqual([0])
    expect(starts(source)).toEqual([undefined, 100_000])
  })

  it('is not given up while it gets on, however often it breaks', async () => {
    const { source } = breaking(Array.from({ length: 80 }, () => ({ after: 1200, how: 'end' })))
    const { writes, result } = await move(source)
    expect(result).toMatchObject({ ...moved, retries: 80 })
    expect(writes).toEqual([0])
  })

  it('may be deaf: its silence ends all the same, and what it gives later counts no more', async () => {
    let goOn = () => {}
    const later = new Promise<void>((resolve) => {
      goOn = resolve
    })
    async function* slow() {
      yield bytes.subarray(0, 50_000)
      await later
      yield bytes.subarray(50_000)
    }
    const source = fakeSource(bytes)
    source.open = async (range) => {
      source.opened.push(range)
      if (source.opened.length === 1) return { [Symbol.asyncIterator]: () => ({ next: stuck.next }) }
      goOn()
      return borrowed(bytes.subarray(range?.start))
    }
    const body = slow()
    const stuck = { next: () => body.next() }
    const { sink, result } = await move(source, { timeouts: { idle: 40 } })
    expect(result).toMatchObject(moved)
    expect(sink.object?.equals(bytes)).toBe(true)
  })

  it('is waited for as long as it asks', async () => {
    const busy = () => {
      throw cut({ retryAfter: 7 })
    }
    const { retries } = await move(breaking([{ after: 10_000, how: busy }]).source)
    expect(retries).toMatchObject([{ delayMs: 7 }])
  })
})

describe('going on with a read', () => {
  const permanent = ['SOURCE_CHANGED', 'NOT_FOUND', 'ACCESS_DENIED'] as const
  it.each(permanent)('ends at once with %s', async (code) => {
    const fail = () => {
      throw new TransferError(code, 'no')
    }
    const { source } = breaking([
      { after: 30_000, how: 'cut' },
      { after: 0, how: fail },
    ])
    const { writes, result } = await move(source)
    expect(result).toMatchObject({ code, retry: 'permanent' })
    expect(source.opened).toHaveLength(2)
    expect(writes).toEqual([0])
  })

  it('refuses more bytes than are missing', async () => {
    const source = fakeSource(bytes)
    source.open = async () => {
      source.opened.push(undefined)
      return breakOff(borrowed(bytes), { after: source.opened.length * 30_000, how: 'cut' }, {})
    }
    const { result, sink } = await move(source, { retry: { ...quickRetry, retries: 9 } })
    expect(result).toMatchObject({ code: 'INTEGRITY', retry: 'permanent' })
    expect(sink.object).toBeUndefined()
  })

  it('does not hide that the object has grown', async () => {
    let size = 100_000
    const grown = () => {
      size += 1
      throw cut()
    }
    const { source } = breaking([{ after: 60_000, how: grown }])
    source.stat = async () => ({ key: 'k', size, version: '1' })
    const { result, sink } = await move(source)
    expect(result).toMatchObject({ code: 'SOURCE_CHANGED' })
    expect(sink.object).toBeUndefined()
  })

  it('starts from the first byte when the request of the sink died', async () => {
    const { source } = breaking([{ after: 30_000, how: 'cut' }])
    let fail = 1
    const parts: Buffer[] = []
    const sink = fakeSink({
      session: {
        writePart: async ({ index, size }, body) => {
          const reading = (await body.open())[Symbol.asyncIterator]()
          const chunks: Buffer[] = []
          for (let chunk = await reading.next(); !chunk.done; chunk = await reading.next()) {
            chunks.push(Buffer.from(chunk.value))
            if (chunks.length === 40 && fail-- > 0) throw cut()
          }
          parts[index] = Buffer.concat(chunks)
          return { index, size }
        },
        commit: async () => ({}),
      },
    })
    const result = await transfer(source, sink, { retry: quickRetry, partSize: 100_000 })
    expect(result).toMatchObject({ ...moved, retries: 2 })
    expect(Buffer.concat(parts).equals(bytes)).toBe(true)
    expect(source.opened).toEqual([undefined, { start: 30_000, end: 100_000 }, undefined])
  })

  it('does not keep a silent sink from being noticed', async () => {
    const { source } = breaking([{ after: 30_000, how: 'silence' }])
    const sink = fakeSink({
      session: {
        writePart: async (_, body) => {
          const reading = (await body.open())[Symbol.asyncIterator]()
          for (let count = 0; count < 50; count += 1) await reading.next()
          return deaf()
        },
      },
    })
    const blamed: unknown[] = []
    const onEvent = (event: TransferEvent) => {
      if (event.type === 'retry') blamed.push(event.error.context.location)
    }
    const options = { retry: { ...quickRetry, retries: 1 }, timeouts: { idle: 40 }, onEvent }
    await expect(transfer(source, sink, options)).rejects.toMatchObject({
      code: 'TIMEOUT',
      context: { location: 'fake:sink' },
    })
    // The source is not asked again because the sink is silent.
    expect(blamed).toEqual(['fake:source', 'fake:sink'])
  })

  it('does not hold a slow sink against the source', async () => {
    const source = fakeSource(bytes)
    const sink = fakeSink({
      session: {
        writePart: async ({ index, size }, body) => {
          for await (const _ of await body.open()) await new Promise((resolve) => setTimeout(resolve, 2))
          return { index, size }
        },
        commit: async () => ({}),
      },
    })
    // Slower than that in all, though not in any one step.
    const result = await transfer(source, sink, { timeouts: { idle: 150 }, retry: { retries: 0 } })
    expect(result.retries).toBe(0)
  })

  it.each<[string, Break, number]>([
    ['waits for its source', { after: 30_000, how: 'silence' }, 60_000],
    [
      'waits before it asks again',
      {
        after: 30_000,
        how: () => {
          throw cut({ retryAfter: 40_000 })
        },
      },
      60_000,
    ],
  ])(
    'that %s is over at once with an abort, and leaves nothing running',
    async (_, broken, idle) => {
      const controller = new AbortController()
      const { source, contexts } = breaking([broken])
      const timers = longTimers()
      const { sink } = countingSink()
      const result = transfer(source, sink, { signal: controller.signal, timeouts: { idle } })
      setTimeout(() => controller.abort(), 30)
      await expect(result).rejects.toMatchObject({ code: 'ABORTED' })
      expect(contexts.every(({ signal }) => signal?.aborted)).toBe(true)
      expect(timers.size).toBe(0)
      expect(source.opened).toHaveLength(1)
    },
    4000,
  )

  it('is over, too, where whoever hears of the retry aborts', async () => {
    const controller = new AbortController()
    const { source } = breaking([{ after: 30_000, how: 'cut' }])
    const { result } = await move(source, {
      signal: controller.signal,
      onEvent: ({ type }) => type === 'retry' && controller.abort(),
    })
    expect(result).toMatchObject({ code: 'ABORTED' })
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(source.opened).toHaveLength(1)
  })

  it('frees what a source opens too late', async () => {
    let freed = 0
    let answer: (bytes: Bytes) => void = () => {}
    const source = fakeSource(bytes)
    source.open = (range?: ByteRange) => {
      source.opened.push(range)
      if (source.opened.length > 1) return Promise.resolve(borrowed(bytes))
      return new Promise<Bytes>((resolve) => {
        answer = resolve
      })
    }
    const { result } = await move(source, { timeouts: { idle: 30 } })
    expect(result).toMatchObject(moved)
    answer({
      [Symbol.asyncIterator]: () => ({
        next: deaf,
        return: async () => {
          freed += 1
          return { done: true, value: undefined }
        },
      }),
    })
    await settled(() => freed === 1)
  })
})
