import { describe, expect, it } from 'vitest'
import { TransferError } from '../../src/contract/errors'
import type { Source } from '../../src/contract/source'
import { transfer } from '../../src/transfer/transfer'
import {
  collect,
  deaf,
  type FakeSinkHooks,
  fakeSink,
  fakeSource,
  pattern,
  quickRetry,
  silence,
} from './fakes'

const retry = quickRetry
const bytes = pattern(100_000)
const hanging = () =>
  (async function* () {
    yield bytes.subarray(0, 10)
    await deaf()
  })()
const read = async (_: unknown, body: { open(): Promise<AsyncIterable<Uint8Array>> }) => {
  await collect(await body.open())
  return deaf()
}

/** Where a transfer can hang: a peer that heeds the signal and one that does not. */
const places: [string, { source?: Partial<Source> } & FakeSinkHooks][] = [
  ['stat', { source: { stat: silence } }],
  ['stat, deaf', { source: { stat: deaf } }],
  ['open', { source: { open: (_, context) => silence(context) } }],
  ['open, deaf', { source: { open: deaf } }],
  ['the body, deaf', { source: { open: async () => hanging() } }],
  ['begin', { sink: { begin: (_, context) => silence(context) } }],
  ['begin, deaf', { sink: { begin: deaf } }],
  ['writePart', { session: { writePart: (_, __, context) => silence(context) } }],
  ['writePart after the body, deaf', { session: { writePart: read } }],
]

describe('an abort', () => {
  it.each(places)('ends a transfer that hangs in %s, with ABORTED', async (_, { source, sink, session }) => {
    const controller = new AbortController()
    const destination = fakeSink({ ...(sink && { sink }), ...(session && { session }) })
    const result = transfer(fakeSource(bytes, source), destination, { signal: controller.signal })
    setTimeout(() => controller.abort(new Error('deploy')), 20)
    await expect(result).rejects.toMatchObject({ code: 'ABORTED', cause: { message: 'deploy' } })
    expect(destination.object).toBeUndefined()
  })

  it('before the start moves nothing', async () => {
    const source = fakeSource(bytes)
    const result = transfer(source, fakeSink(), { signal: AbortSignal.abort('stop') })
    await expect(result).rejects.toMatchObject({ code: 'ABORTED', cause: 'stop' })
    expect(source.opened).toEqual([])
  })

  it('frees the body of a source that hangs', async () => {
    const controller = new AbortController()
    let destroyed = false
    const body = Object.assign(hanging(), {
      destroy: () => {
        destroyed = true
      },
    })
    const result = transfer(fakeSource(bytes, { open: async () => body }), fakeSink(), {
      signal: controller.signal,
    })
    setTimeout(() => controller.abort(), 20)
    await expect(result).rejects.toMatchObject({ code: 'ABORTED' })
    expect(destroyed).toBe(true)
  })

  it('aborts a session that comes into being too late', async () => {
    const controller = new AbortController()
    const inner = fakeSink()
    const sink = fakeSink({
      sink: {
        begin: async (object) => {
          await new Promise((r) => setTimeout(r, 80))
          return inner.begin(object)
        },
      },
    })
    const result = transfer(fakeSource(bytes), sink, { signal: controller.signal })
    setTimeout(() => controller.abort(), 20)
    await expect(result).rejects.toMatchObject({ code: 'ABORTED' })
    await new Promise((resolve) => setTimeout(resolve, 120))
    await Promise.all(sink.deferred)
    expect(inner.aborted).toBe(1)
  })

  it('waits for cleanup, retried, before it rejects', async () => {
    const controller = new AbortController()
    let tries = 0
    const sink = fakeSink({
      session: {
        writePart: read,
        abort: async () => {
          tries += 1
          if (tries < 3) throw new TransferError('CONNECTION', 'x', { retry: 'temporary' })
        },
      },
    })
    const result = transfer(fakeSource(bytes), sink, { signal: controller.signal, retry })
    setTimeout(() => controller.abort(), 20)
    await expect(result).rejects.toMatchObject({ code: 'ABORTED' })
    expect(tries).toBe(3)
  })

  it('rejects within 5 s though cleanup hangs; the error carries the upload id, and the store can await it', async () => {
    const controller = new AbortController()
    const sink = fakeSink({ session: { writePart: read, abort: deaf } })
    const result = transfer(fakeSource(bytes), sink, { signal: controller.signal })
    setTimeout(() => controller.abort(), 20)
    await expect(result).rejects.toMatchObject({ code: 'ABORTED', context: { uploadId: 'upload-1' } })
    expect(sink.deferred).toHaveLength(1)
  }, 5000)

  it('lets a commit under way end, and tells the truth of it', async () => {
    const controller = new AbortController()
    const sink = fakeSink({
      session: {
        commit: async () => {
          controller.abort()
          await new Promise((r) => setTimeout(r, 50))
          return { etag: 'e' }
        },
      },
    })
    const result = await transfer(fakeSource(bytes), sink, { signal: controller.signal })
    expect(result.etag).toBe('e')
  })

  it('in a commit that never answers is OUTCOME_UNKNOWN, within 5 s', async () => {
    const controller = new AbortController()
    const sink = fakeSink({
      session: {
        commit: () => {
          controller.abort()
          return deaf()
        },
      },
    })
    await expect(transfer(fakeSource(bytes), sink, { signal: controller.signal })).rejects.toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      context: { uploadId: 'upload-1' },
      cause: { code: 'ABORTED' },
    })
    expect(sink.aborted).toBe(0)
  }, 5000)
})

describe('silence', () => {
  const timeouts = { idle: 60 }

  it.each(places)('in %s is TIMEOUT after the retries', async (_, { source, sink, session }) => {
    const destination = fakeSink({ ...(sink && { sink }), ...(session && { session }) })
    const result = transfer(fakeSource(bytes, source), destination, {
      timeouts,
      retry: { ...retry, retries: 1 },
    })
    await expect(result).rejects.toMatchObject({ code: 'TIMEOUT', retry: 'exhausted' })
    expect(destination.object).toBeUndefined()
  })

  it('of the whole transfer is bounded by timeouts.total', async () => {
    const result = transfer(fakeSource(bytes, { stat: deaf }), fakeSink(), { timeouts: { total: 30 } })
    await expect(result).rejects.toMatchObject({ code: 'TIMEOUT', context: { total: 30 } })
  })

  it('is not assumed while bytes trickle', async () => {
    const source = fakeSource(bytes.subarray(0, 10), {
      open: async () =>
        (async function* () {
          for (let at = 0; at < 10; at += 1) {
            await new Promise((r) => setTimeout(r, 25))
            yield bytes.subarray(at, at + 1)
          }
        })(),
    })
    await expect(
      transfer(source, fakeSink(), { timeouts: { idle: 200 }, retry: { retries: 0 } }),
    ).resolves.toMatchObject({ bytes: 10 })
  })
})

describe('a commit whose reply is lost', () => {
  const lost = (context = {}, cause?: unknown) =>
    new TransferError('CONNECTION', 'cut', { retry: 'temporary', context, cause })
  const committing = (...errors: TransferError[]) => {
    const sink = fakeSink({
      session: {
        commit: async () => {
          const error = errors.shift()
          if (error) throw error
          return { etag: 'e' }
        },
      },
    })
    return transfer(fakeSource(bytes), sink, { retry: { ...retry, retries: 1 } }).finally(() => {
      aborted = sink.aborted
    })
  }
  let aborted = 0

  it('is asked again', async () => {
    await expect(committing(lost())).resolves.toMatchObject({ etag: 'e', retries: 1 })
  })

  it('for ever is OUTCOME_UNKNOWN, and the session is left for whoever looks into it', async () => {
    await expect(committing(lost(), lost())).rejects.toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      cause: { code: 'CONNECTION' },
    })
    expect(aborted).toBe(0)
  })

  it('but found undone is what it was, and cleaned up', async () => {
    const settled = { settled: true }
    await expect(committing(lost(), lost(settled))).rejects.toMatchObject({
      code: 'CONNECTION',
      retry: 'exhausted',
    })
    expect(aborted).toBe(1)
  })

  it('is no question where the connection never stood', async () => {
    const refused = () => lost({}, Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }))
    await expect(committing(refused(), refused())).rejects.toMatchObject({ code: 'CONNECTION' })
  })

  it('is no question where the sink said no', async () => {
    await expect(committing(new TransferError('ACCESS_DENIED', 'no'))).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
    })
  })
})
