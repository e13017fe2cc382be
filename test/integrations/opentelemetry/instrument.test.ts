import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { describe, expect, it, onTestFinished } from 'vitest'
import { configure, createLifecycle, transfer } from '../../../src'
import { ceph } from '../../../src/adapters/ceph'
import { cos } from '../../../src/adapters/cos'
import { memory } from '../../../src/adapters/memory'
import { TransferError } from '../../../src/contract/errors'
import { instrument } from '../../../src/integrations/opentelemetry'
import { cosServer, s3Server } from '../../../src/testing'
import { processBudget } from '../../../src/transfer/configure'
import { fakeSink, fakeSource, pattern, quickRetry } from '../../transfer/fakes'
import { telemetry } from './telemetry'

const MiB = 1024 * 1024
const route = { 'sluiceway.source.kind': 'ceph', 'sluiceway.sink.kind': 'cos' }
const secret = 'the-secret-of-all'

/** A gateway with an object of three parts, and a place for it. */
async function setUp() {
  const [from, to] = [await s3Server(), await cosServer()]
  await from.put('private/film.mov', pattern(2.5 * MiB))
  const lifecycle = createLifecycle()
  const staging = ceph({ endpoint: from.url, bucket: from.bucket, credentials: from.credentials, lifecycle })
  const archive = cos({
    endpoint: to.url,
    bucket: to.bucket,
    region: 'ap-guangzhou',
    credentials: to.credentials,
    lifecycle,
  })
  onTestFinished(async () => {
    await Promise.all([staging.close(), archive.close(), lifecycle.close()])
    await Promise.all([from.close(), to.close()])
  })
  const move = (options = {}) =>
    transfer(staging.source('private/film.mov'), archive.sink('private/film.mov'), {
      partSize: MiB,
      retry: quickRetry,
      ...options,
    })
  return { from, to, staging, archive, move, lifecycle }
}

describe('metrics', () => {
  it('count bytes, parts, and transfers by their outcome', async () => {
    const { sum } = telemetry()
    const { move, staging, archive } = await setUp()
    await move()
    await move({ ifExists: 'skip' })
    await transfer(staging.source('missing'), archive.sink('missing')).catch(() => {})

    expect(await sum('sluiceway.transfer.io', route)).toBe(2.5 * MiB)
    expect(await sum('sluiceway.parts', route)).toBe(3)
    expect(await sum('sluiceway.part.duration', route)).toBe(3)
    const outcome = (name: string) =>
      sum('sluiceway.transfer.duration', { ...route, 'sluiceway.outcome': name })
    expect(await outcome('stored')).toBe(1)
    expect(await outcome('skipped')).toBe(1)
    expect(await outcome('NOT_FOUND')).toBe(1)
    expect(await sum('sluiceway.transfer.duration', { 'error.type': 'NOT_FOUND' })).toBe(1)
  })

  it('tell what is under way, and the bytes so far', async () => {
    const { sum } = telemetry()
    const levels = async () => ({
      transfers: await sum('sluiceway.active_transfers'),
      parts: await sum('sluiceway.active_parts'),
      limit: await sum('sluiceway.concurrency.limit'),
      bytes: await sum('sluiceway.transfer.io'),
    })
    let during: Awaited<ReturnType<typeof levels>> | undefined
    const sink = fakeSink()
    const { begin } = sink
    sink.begin = async (...args) => {
      const session = await begin(...args)
      const { writePart } = session
      session.writePart = async (...part) => {
        const receipt = await writePart(...part)
        if (part[0].index === 2) during = await levels()
        return receipt
      }
      return session
    }
    await transfer(fakeSource(pattern(30_000)), sink, { partSize: 10_000, concurrency: 1 })
    expect(during).toEqual({ transfers: 1, parts: 1, limit: 1, bytes: 30_000 })
    expect(await levels()).toEqual({ transfers: 0, parts: 0, limit: 0, bytes: 30_000 })
  })

  it('count retries by code and side', async () => {
    const { sum } = telemetry()
    const { from, to, move } = await setUp()
    to.misbehave({
      when: { operation: 'UploadPart', partNumber: 3 },
      fault: { type: 'status', status: 503 },
    })
    // The first one asks what the object is; the bytes it brings of one this large are not used.
    from.misbehave({
      when: { operation: 'GetObject', nth: 2 },
      fault: { type: 'reset-response', after: 1000 },
    })
    await move({ concurrency: 1 })

    const retries = (side: string, code: string) =>
      sum('sluiceway.retries', { ...route, 'sluiceway.side': side, 'error.type': code })
    expect(await retries('sink', 'THROTTLED')).toBe(1)
    expect(await retries('source', 'CONNECTION')).toBe(1)
    expect(await sum('sluiceway.retries')).toBe(2)
  })

  it('count what was resumed apart from what was moved', async () => {
    const { sum } = telemetry()
    const { memoryCheckpoints } = await import('../../../src')
    const { to, move } = await setUp()
    const checkpoint = { store: memoryCheckpoints(), id: 'a' }
    to.misbehave({ when: { operation: 'UploadPart', partNumber: 3 }, fault: { type: 'status', status: 403 } })
    await move({ checkpoint, concurrency: 1 }).catch(() => {})
    await move({ checkpoint, concurrency: 1 })
    expect(await sum('sluiceway.transfer.resumed', route)).toBe(2 * MiB)
    expect(await sum('sluiceway.parts', route)).toBe(3)
  })

  it('count changes of the concurrency by their reason', async () => {
    const { sum } = telemetry()
    const { to, move } = await setUp()
    to.misbehave({ when: { operation: 'UploadPart' }, fault: { type: 'status', status: 503 } })
    await move({ concurrency: 2 })
    expect(await sum('sluiceway.concurrency.changes', { 'sluiceway.reason': 'throttled' })).toBe(1)
  })

  it('time requests by the kind of the store, their operation and their error', async () => {
    const { sum } = telemetry()
    const { to, move } = await setUp()
    to.misbehave({ when: { operation: 'UploadPart' }, fault: { type: 'status', status: 503 } })
    await move({ concurrency: 1 })

    const requests = (kind: string, operation: string) =>
      sum('sluiceway.request.duration', { 'sluiceway.store.kind': kind, 'sluiceway.operation': operation })
    expect(await requests('ceph', 'get')).toBeGreaterThanOrEqual(3)
    expect(await requests('cos', 'uploadPart')).toBe(4)
    expect(await sum('sluiceway.request.duration', { 'error.type': 'THROTTLED' })).toBe(1)
  })

  it('count connections opened, used again and retired', async () => {
    const { sum } = telemetry()
    const { move, lifecycle } = await setUp()
    await move()
    await lifecycle.onTaskStart()
    await move()
    const opened = await sum('sluiceway.connection.opened')
    expect(opened).toBeGreaterThan(0)
    expect(await sum('sluiceway.connection.reused')).toBeGreaterThan(0)
    const renewed = await sum('sluiceway.connection.retired', { 'sluiceway.reason': 'renewed' })
    expect(renewed).toBeGreaterThan(0)
    expect(renewed).toBeLessThan(opened)
  })

  it('tell the memory budget and what is taken of it', async () => {
    const { sum } = telemetry()
    configure({ memoryBudget: 100 * MiB })
    const release = await processBudget().acquire(7 * MiB, new AbortController().signal)
    expect(await sum('sluiceway.memory.limit')).toBe(100 * MiB)
    expect(await sum('sluiceway.memory.usage')).toBe(7 * MiB)
    release()
    expect(await sum('sluiceway.memory.usage')).toBe(0)
  })

  it('have units of UCUM, and attributes of few values', async () => {
    const { metrics } = telemetry()
    const { to, from, move } = await setUp()
    to.misbehave({ when: { operation: 'UploadPart' }, fault: { type: 'status', status: 503 } })
    await move()
    const text = JSON.stringify(await metrics())
    for (const one of ['film', from.bucket, to.bucket, '127.0.0.1']) expect(text).not.toContain(one)
    for (const { descriptor } of await metrics()) {
      expect(descriptor.name).toMatch(/^sluiceway(\.[a-z_]+)+$/)
      expect(descriptor.unit).toMatch(/^(s|By|\{[a-z]+\})$/)
      expect(descriptor.description).not.toBe('')
    }
  })
})

describe('spans', () => {
  it('are one of the transfer, and below it one of each part', async () => {
    const { spans } = telemetry()
    const { from, to, move } = await setUp()
    await move()
    const [whole, ...rest] = spans().filter(({ name }) => name !== 'transfer part')
    expect(rest).toEqual([])
    expect(whole).toMatchObject({
      name: 'transfer ceph to cos',
      attributes: {
        'sluiceway.source.location': `ceph:${from.bucket}/private/film.mov`,
        'sluiceway.sink.location': `cos:${to.bucket}/private/film.mov`,
        'sluiceway.size': 2.5 * MiB,
        'sluiceway.bytes': 2.5 * MiB,
        'sluiceway.parts': 3,
        'sluiceway.outcome': 'stored',
      },
      status: { code: 0 },
    })
    const parts = spans().filter(({ name }) => name === 'transfer part')
    expect(parts.map((part) => part.attributes['sluiceway.part.index']).sort()).toEqual([0, 1, 2])
    for (const part of parts) {
      expect(part.parentSpanContext?.spanId).toBe(whole?.spanContext().spanId)
    }
  })

  it('begin below the one that is active where transfer() is called', async () => {
    const { spans, tracerProvider } = telemetry()
    const outer = tracerProvider.getTracer('app').startSpan('job')
    // A context manager that knows of one context, for as long as the call takes.
    context.setGlobalContextManager({
      active: () => trace.setSpan(ROOT_CONTEXT, outer),
      with: (_, fn, self, ...args) => fn.call(self as never, ...args),
      bind: (_, target) => target,
      enable: () => undefined as never,
      disable: () => undefined as never,
    })
    const moving = transfer(fakeSource(pattern(10)), fakeSink())
    context.disable()
    await moving
    const whole = spans().find(({ name }) => name === 'transfer other to other')
    expect(whole?.parentSpanContext?.spanId).toBe(outer.spanContext().spanId)
  })

  it('have the retries of a part, and its failure', async () => {
    const { spans } = telemetry()
    const error = new TransferError('CONNECTION', 'cut', { retry: 'temporary' })
    const sink = fakeSink({ session: { writePart: () => Promise.reject(error) } })
    await transfer(fakeSource(pattern(10)), sink, { retry: { ...quickRetry, retries: 2 } }).catch(() => {})
    const [part, whole] = spans()
    expect(part?.events.map(({ name, attributes }) => [name, attributes?.['sluiceway.attempt']])).toEqual([
      ['retry', 1],
      ['retry', 2],
    ])
    for (const span of [part, whole]) {
      expect(span?.status).toEqual({ code: 2, message: 'cut' })
      expect(span?.attributes['error.type']).toBe('CONNECTION')
    }
  })

  it('show no secret of a location', async () => {
    const { spans } = telemetry()
    const location = `https://host/key?X-Amz-Signature=${secret}&q-signature=${secret}`
    await transfer(fakeSource(pattern(10), { location }), fakeSink())
    expect(JSON.stringify(spans().map(({ attributes }) => attributes))).not.toContain(secret)
  })

  it('are of transfers alone where that is wanted', async () => {
    const { spans } = telemetry({ partSpans: false })
    await transfer(fakeSource(pattern(10)), fakeSink())
    expect(spans().map(({ name }) => name)).toEqual(['transfer other to other'])
  })
})

describe('instrument', () => {
  it('tells nothing any more after its end, and ends the spans under way', async () => {
    const { spans, sum, stop } = telemetry()
    const source = fakeSource(pattern(10))
    const { open } = source
    source.open = (...args) => {
      stop()
      return open(...args)
    }
    await transfer(source, fakeSink())
    expect(spans()).toHaveLength(2)
    expect(await sum('sluiceway.transfer.duration')).toBe(0)
    expect(await sum('sluiceway.active_transfers')).toBe(0)
  })

  it('says nothing of a transfer that began before it', async () => {
    const source = fakeSource(pattern(10))
    let late: ReturnType<typeof telemetry> | undefined
    const { open } = source
    source.open = (...args) => {
      late ??= telemetry()
      return open(...args)
    }
    await transfer(source, fakeSink())
    expect(late?.spans()).toEqual([])
    await transfer(memory().source('a'), fakeSink()).catch(() => {})
    expect(late?.spans()).toHaveLength(1)
  })

  it('does without an SDK', async () => {
    const stop = instrument()
    await transfer(fakeSource(pattern(10)), fakeSink())
    stop()
  })

  it.each([
    ['meterProvider', {}],
    ['tracerProvider', {}],
    ['partSpans', 'yes'],
    ['exporter', {}],
  ])('refuses the option %s where it is none', (option, value) => {
    const refused = () => instrument({ [option]: value } as never)
    expect(refused).toThrow(expect.objectContaining({ code: 'INVALID_OPTION', context: { option } }))
  })
})
