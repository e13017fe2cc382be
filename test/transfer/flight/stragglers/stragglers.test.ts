import { describe, expect, it } from 'vitest'
import { TransferError } from '../../../../src/contract/errors'
import type { TransferEvent } from '../../../../src/contract/events'
import type { Body, Part, PartReceipt } from '../../../../src/contract/sink'
import type { Context } from '../../../../src/contract/source'
import { patienceFor } from '../../../../src/transfer/flight/stragglers'
import { transfer } from '../../../../src/transfer/transfer'
import { collect, type FakeSink, fakeSink, fakeSource, pattern, quickRetry, sha256 } from '../../fakes'

const bytes = pattern(80_000)
const options = { partSize: 10_000, retry: quickRetry, concurrency: 4 }
/** The part that lags: the last but one, so that the others arrive first. */
const slow = 6

type Write = (part: Part, body: Body, context: Context, attempt: number) => Promise<PartReceipt>

interface Watched extends FakeSink {
  /** What happened, in order. */
  readonly log: string[]
  /** Calls for the slow part that have not settled. */
  open: number
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const stored = ({ index, size }: Part, etag = `"${index}"`): PartReceipt => ({ index, size, etag })

/** Waits until the call is cancelled, whoever does so, and then a while longer, as a socket that is torn down. */
async function hang(_: Part, body: Body, { signal }: Context, ms = 50): Promise<never> {
  const bytes = (await body.open())[Symbol.asyncIterator]()
  await bytes.next()
  await new Promise((resolve) => signal!.addEventListener('abort', resolve, { once: true }))
  await pause(ms)
  throw signal!.reason
}

/** A sink whose calls for the slow part do what `write` says; the others are kept at once. */
function watchedSink(write: Write, duplicateParts = true): Watched {
  const parts = new Map<number, Buffer>()
  const log: string[] = []
  let attempts = 0
  const keep = async (part: Part, body: Body) => {
    parts.set(part.index, await collect(await body.open()))
    return stored(part)
  }
  const sink = fakeSink({
    sink: { capabilities: { minPartSize: 1, maxPartSize: 1e9, duplicateParts } },
    session: {
      async writePart(part, body, context = {}) {
        if (part.index !== slow) return keep(part, body)
        attempts += 1
        const name = `attempt ${attempts}`
        log.push(`${name} begins`)
        watched.open += 1
        try {
          const receipt = await write(part, body, context, attempts)
          if (!parts.has(slow)) await keep(part, body)
          log.push(`${name} arrives`)
          return receipt
        } catch (error) {
          log.push(`${name} ends`)
          throw error
        } finally {
          watched.open -= 1
        }
      },
      async commit(receipts) {
        log.push(`commit with ${watched.open} under way`)
        sink.object = Buffer.concat(receipts.map(({ index }) => parts.get(index)!))
        return { size: sink.object.byteLength }
      },
    },
  })
  const watched: Watched = Object.assign(sink, { log, open: 0 })
  return watched
}

async function run(sink: Watched, source = fakeSource(bytes), change = {}, content = bytes) {
  const events: TransferEvent[] = []
  const progress: number[] = []
  const result = await transfer(source, sink, {
    ...options,
    ...change,
    onEvent: (event) => events.push(event),
    onProgress: (now) => progress.push(now.bytes),
  })
  expect(sha256(sink.object!)).toBe(sha256(content))
  expect(Math.max(...progress)).toBeLessThanOrEqual(content.byteLength)
  return { result, stragglers: events.filter(({ type }) => type === 'straggler'), events }
}

describe('what counts as lagging', () => {
  it('is not known before some parts have arrived', () => {
    expect(patienceFor([1, 1])).toBe(Number.POSITIVE_INFINITY)
  })

  it('is three times what a part takes usually, and two seconds at least', () => {
    expect(patienceFor([1000, 2000, 90_000])).toBe(6000)
    expect(patienceFor([10, 20, 30])).toBe(2000)
  })
})

describe.concurrent('a part that lags behind the others', () => {
  it('is sent again, and the call that lost has ended before the commit', async () => {
    const sink = watchedSink(async (part, body, context, attempt) =>
      attempt === 1 ? hang(part, body, context) : stored(part),
    )
    const { result, stragglers, events } = await run(sink)
    expect(sink.log).toEqual([
      'attempt 1 begins',
      'attempt 2 begins',
      'attempt 2 arrives',
      'attempt 1 ends',
      'commit with 0 under way',
    ])
    expect(stragglers).toEqual([{ type: 'straggler', index: slow }])
    expect(result.retries).toBe(0)
    expect(events.filter((event) => event.type === 'part' && event.index === slow)).toHaveLength(1)
  })

  it('may still arrive first: then the second call is the one that is cancelled', async () => {
    let finish = () => {}
    const second = new Promise<void>((resolve) => {
      finish = resolve
    })
    const sink = watchedSink(async (part, body, context, attempt) => {
      if (attempt === 2) {
        finish()
        return hang(part, body, context)
      }
      await second
      await collect(await body.open())
      return stored(part)
    })
    await run(sink)
    expect(sink.log).toEqual([
      'attempt 1 begins',
      'attempt 2 begins',
      'attempt 1 arrives',
      'attempt 2 ends',
      'commit with 0 under way',
    ])
  })

  it('is not sent again to a sink that does not say it may be', async () => {
    const sink = watchedSink(async (part, body) => {
      await pause(2600)
      await collect(await body.open())
      return stored(part)
    }, false)
    const { stragglers } = await run(sink)
    expect(stragglers).toEqual([])
    expect(sink.log).toHaveLength(3)
  })

  it('is not sent again where the source is digested in order', async () => {
    const { createHash } = await import('node:crypto')
    const md5 = createHash('md5').update(bytes).digest('hex')
    const source = fakeSource(bytes, {
      stat: async () => ({ key: 'source', size: bytes.byteLength, version: '1', digests: { md5 } }),
    })
    const sink = watchedSink(async (part, body) => {
      await pause(2600)
      await collect(await body.open())
      return stored(part)
    })
    const { result, stragglers } = await run(sink, source, { verify: 'end-to-end' })
    expect(result.verified).toContain('source-etag')
    expect(stragglers).toEqual([])
  })

  it('is not sent again where there is no memory for it at once', async () => {
    const sink = watchedSink(async (part, body) => {
      await pause(2600)
      await collect(await body.open())
      return stored(part)
    })
    // It is the last part, so that nothing else waits for memory, and holds all there is.
    const content = bytes.subarray(0, (slow + 1) * 10_000)
    const { stragglers } = await run(sink, fakeSource(content), { memoryBudget: 10_000 }, content)
    expect(stragglers).toEqual([])
  })

  it('does not fail where the second call does', async () => {
    let failed = () => {}
    const second = new Promise<void>((resolve) => {
      failed = resolve
    })
    const sink = watchedSink(async (part, body, _, attempt) => {
      if (attempt === 2) {
        failed()
        throw new TransferError('ACCESS_DENIED', 'no')
      }
      await second
      await pause(20)
      await collect(await body.open())
      return stored(part)
    })
    const { result } = await run(sink)
    expect(result.retries).toBe(0)
    expect(sink.log).toContain('attempt 2 ends')
  })

  it('is saved by the second call where its own retries are used up', async () => {
    let begun = () => {}
    const second = new Promise<void>((resolve) => {
      begun = resolve
    })
    const sink = watchedSink(async (part, _, __, attempt) => {
      if (attempt === 1) {
        await second
        throw new TransferError('CONNECTION', 'broken', { retry: 'temporary' })
      }
      begun()
      await pause(50)
      return stored(part)
    })
    await run(sink, fakeSource(bytes), { retry: { ...quickRetry, retries: 0 } })
    expect(sink.log.at(-1)).toBe('commit with 0 under way')
  })

  it('is sent again while it waits for a retry', async () => {
    const later = new TransferError('SERVER_ERROR', 'later', {
      retry: 'temporary',
      context: { retryAfter: 25_000 },
    })
    const sink = watchedSink(async (part, _, __, attempt) => {
      if (attempt === 1) throw later
      return stored(part)
    })
    const { stragglers } = await run(sink)
    expect(stragglers).toHaveLength(1)
    expect(sink.log).toEqual([
      'attempt 1 begins',
      'attempt 1 ends',
      'attempt 2 begins',
      'attempt 2 arrives',
      'commit with 0 under way',
    ])
  })

  it('is sent once more where both arrived and the sink may keep either', async () => {
    const sink = watchedSink(async (part, body, context, attempt) => {
      await collect(await body.open())
      if (attempt === 1) {
        await new Promise((resolve) => context.signal!.addEventListener('abort', resolve))
        return stored(part, '"first"')
      }
      return stored(part, attempt === 2 ? '"second"' : '"third"')
    })
    await run(sink)
    expect(sink.log.slice(-3)).toEqual(['attempt 3 begins', 'attempt 3 arrives', 'commit with 0 under way'])
  })

  it('fails the transfer where the call that lost never ends', async () => {
    const sink = watchedSink(async (part, body, _, attempt) => {
      if (attempt > 1) return stored(part)
      const chunks = (await body.open())[Symbol.asyncIterator]()
      // Touches the idle clock, as a connection that drips.
      for (let count = 0; count < 9; count += 1) {
        await chunks.next().catch(() => {})
        await pause(300)
      }
      return new Promise<never>(() => {})
    })
    const failing = transfer(fakeSource(bytes), sink, { ...options, timeouts: { idle: 1000 } })
    await expect(failing).rejects.toMatchObject({ code: 'TIMEOUT', retry: 'exhausted' })
    expect(sink.object).toBeUndefined()
    expect(sink.aborted).toBe(1)
  })

  it('is read again from memory where its source can be read only once', async () => {
    const sink = watchedSink(async (part, body, context, attempt) => {
      if (attempt === 1) return hang(part, body, context)
      return stored(part)
    })
    const content = pattern(7.5 * 1024 ** 2)
    const source = fakeSource(content, { sequential: true })
    const { stragglers } = await run(sink, source, { partSize: 1024 ** 2 }, content)
    expect(stragglers).toHaveLength(1)
  })

  it('ends with the transfer when that is aborted, both calls of it', async () => {
    const controller = new AbortController()
    const sink = watchedSink(async (part, body, context, attempt) => {
      if (attempt === 2) setTimeout(() => controller.abort(), 10)
      return hang(part, body, context, 0)
    })
    const failing = transfer(fakeSource(bytes), sink, { ...options, signal: controller.signal })
    await expect(failing).rejects.toMatchObject({ code: 'ABORTED' })
    await pause(10)
    expect(sink.open).toBe(0)
    expect(sink.log.filter((line) => line.endsWith('ends'))).toHaveLength(2)
  })
})
