import { describe, expect, it, onTestFinished } from 'vitest'
import { ceph } from '../../../src/adapters/ceph'
import { cos } from '../../../src/adapters/cos'
import type { TransferEvent } from '../../../src/contract/events'
import { crc64 } from '../../../src/integrity/crc64'
import { cosServer, type Fault, type RequestRecord, s3Server } from '../../../src/testing/servers'
import type { TransferOptions } from '../../../src/transfer/options'
import { transfer } from '../../../src/transfer/transfer'
import { sdk } from '../../adapters/cos/servers'
import { pattern } from '../fakes'

const MiB = 1024 * 1024
const bytes = pattern(12 * MiB)
/** The least that both take. */
const partSize = 5 * MiB

async function s3() {
  const server = await s3Server()
  const { bucket, url: endpoint, credentials } = server
  const store = ceph({ bucket, endpoint, credentials })
  onTestFinished(() => server.close())
  onTestFinished(() => store.close())
  return { server, store }
}

async function tencent(readBy: 'own' | 'handed in' = 'own') {
  const server = await cosServer()
  const { bucket, url: endpoint, credentials } = server
  const client = readBy === 'own' ? {} : { client: sdk(server) }
  const { secretId, secretKey } = credentials
  const own = { endpoint, credentials: { secretId, secretKey } }
  const store = cos({ bucket, region: 'ap-guangzhou', ...(readBy === 'own' ? own : client) })
  onTestFinished(() => server.close())
  onTestFinished(() => store.close())
  return { server, store }
}

const routes = {
  'S3 to COS': async () => ({ from: await s3(), to: await tencent() }),
  'COS to S3': async () => ({ from: await tencent(), to: await s3() }),
  'COS, by a client that was handed in, to S3': async () => ({
    from: await tencent('handed in'),
    to: await s3(),
  }),
} as const

type Route = keyof typeof routes

async function setUp(route: Route) {
  const { from, to } = await routes[route]()
  await from.server.put('k', bytes)
  const events: TransferEvent[] = []
  const run = ({ onEvent, ...options }: TransferOptions = {}) =>
    transfer(from.store.source('k'), to.store.sink('k'), {
      partSize,
      concurrency: 1,
      retry: { retries: 3, minDelay: 1, maxDelay: 2 },
      timeouts: { idle: 500 },
      onEvent: (event) => {
        events.push(event)
        onEvent?.(event)
      },
      ...options,
    })
  // But for the first look at the object, which is dropped.
  const reads = () => from.server.requests.filter(of('GetObject')).slice(1)
  const asked = () => reads().map(rangeOf)
  const uploaded = () => to.server.requests.filter(of('UploadPart')).map(({ query }) => query.partNumber)
  return { from, to, run, reads, asked, uploaded, events }
}

const of = (operation: string) => (record: RequestRecord) => record.operation === operation
const rangeOf = ({ headers }: RequestRecord) =>
  /^bytes=(\d+)-(\d+)$/
    .exec(headers.range ?? '')!
    .slice(1)
    .map(Number) as [number, number]

/** The first GET looks what there is. */
const ofParts = { operation: 'GetObject', nth: 2 } as const

const faults: Fault[] = [
  { type: 'truncate', after: MiB },
  { type: 'reset-response', after: MiB },
  { type: 'stall-response', after: MiB },
]

describe.each(Object.keys(routes) as Route[])('a GET that goes wrong in the middle, from %s', (route) => {
  it.each(faults)('three times is continued, under one UploadPart: $type', async (fault) => {
    const { from, to, run, reads, asked, uploaded, events } = await setUp(route)
    const wrong = from.server.misbehave({ when: ofParts, times: 3, fault })
    const result = await run()
    expect(result).toMatchObject({ bytes: bytes.length, retries: 3, digests: { crc64: crc64(bytes) } })
    expect(result.verified.some((check) => check.startsWith('part-'))).toBe(true)
    expect((await to.server.object('k')!.bytes()).equals(bytes)).toBe(true)
    expect(wrong.hits).toBe(3)
    expect(uploaded()).toEqual(['1', '2', '3'])
    const [first, ...rest] = asked()
    expect(first).toEqual([0, partSize - 1])
    expect(rest).toHaveLength(5)
    // Each goes on where the one before broke off, to the end of the same part.
    rest.slice(0, 3).forEach(([start, end], index) => {
      expect(start).toBeGreaterThan(asked()[index]![0])
      expect(start).toBeLessThanOrEqual((index + 1) * MiB)
      expect(end).toBe(partSize - 1)
    })
    expect(reads().every(({ headers }) => headers['if-match'])).toBe(true)
    expect(events.filter(({ type }) => type === 'retry')).toMatchObject(
      Array(3).fill({ operation: 'part', index: 0 }),
    )
  })

  it('never goes on with another version', async () => {
    const { from, to, run, uploaded } = await setUp(route)
    from.server.misbehave({ when: ofParts, fault: { type: 'truncate', after: MiB } })
    // Time for the object to be replaced.
    const busy = { type: 'status', status: 503, headers: { 'retry-after': '1' } } as const
    from.server.misbehave({ when: ofParts, fault: busy })
    let replaced: Promise<unknown> | undefined
    const onEvent = ({ type }: TransferEvent) => {
      if (type === 'retry') replaced ??= from.server.put('k', Buffer.alloc(bytes.length, 'other'))
    }
    await expect(run({ onEvent })).rejects.toMatchObject({ code: 'SOURCE_CHANGED' })
    expect(uploaded()).toEqual(['1'])
    expect(to.server.object('k')).toBeUndefined()
    expect(to.server.uploads()).toEqual([])
    await replaced
  })

  it('is not taken in by a cache that gives another version', async () => {
    const { from, run } = await setUp(route)
    from.server.misbehave({ when: ofParts, fault: { type: 'truncate', after: MiB } })
    from.server.misbehave({ when: ofParts, fault: { type: 'wrong-etag' } })
    await expect(run()).rejects.toMatchObject({ code: 'SOURCE_CHANGED' })
  })

  it('is not taken in by an answer with another range', async () => {
    const { from, to, run } = await setUp(route)
    from.server.misbehave({ when: ofParts, fault: { type: 'truncate', after: MiB } })
    from.server.misbehave({
      when: ofParts,
      times: Number.POSITIVE_INFINITY,
      fault: { type: 'wrong-content-range' },
    })
    await expect(run()).rejects.toMatchObject({
      code: expect.stringMatching(/^(INTEGRITY|SERVER_ERROR)$/),
    })
    expect(to.server.object('k')).toBeUndefined()
  })
})
