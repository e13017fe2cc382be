import { describe, expect, it, onTestFinished } from 'vitest'
import { ceph } from '../../../../src/adapters/ceph'
import { memory } from '../../../../src/adapters/memory'
import { type Fault, s3Server } from '../../../../src/testing/servers'
import type { TransferOptions } from '../../../../src/transfer/options'
import { transfer } from '../../../../src/transfer/transfer'
import { patternAt, textOf } from './raw-server'

const size = 900_000
const partSize = 300_000
const bytes = patternAt(0, size)

/** A transfer from Ceph over plain HTTP, some of whose GETs go wrong. */
async function setUp(fault: Fault, times: number) {
  const server = await s3Server()
  const store = ceph({ bucket: server.bucket, endpoint: server.url, credentials: server.credentials })
  onTestFinished(() => server.close())
  onTestFinished(() => store.close())
  await server.put('k', bytes)
  const wrong = server.misbehave({ when: { operation: 'GetObject' }, times, fault })
  const target = memory()
  const run = (options: TransferOptions) =>
    transfer(store.source('k'), target.sink('k'), {
      partSize,
      retry: { minDelay: 1, maxDelay: 2 },
      ...(fault.type.startsWith('stall') && { timeouts: { idle: 400 } }),
      ...options,
    })
  return { wrong, target, run }
}

const passing: Fault[] = [
  { type: 'truncate', after: 0 },
  { type: 'truncate', after: 100_000 },
  { type: 'truncate', after: partSize - 1 },
  { type: 'reset' },
  { type: 'reset-response', after: 0 },
  { type: 'reset-response', after: 100_000 },
  { type: 'stall-response', after: 0 },
  { type: 'stall-response', after: 100_000 },
  { type: 'stall' },
  { type: 'status', status: 503 },
]

describe('a transfer whose GETs go wrong for a while', () => {
  it.each(passing)('moves the exact bytes all the same: $type $after', async (fault) => {
    const { target, wrong, run } = await setUp(fault, 2)
    const result = await run({})
    expect(result.bytes).toBe(size)
    expect(result.retries).toBeGreaterThanOrEqual(2)
    expect(wrong.hits).toBe(2)
    expect(await textOf(await target.source('k').open())).toBe(bytes.toString('latin1'))
  })

  it('is not held up by a slow gateway', async () => {
    const { target, run } = await setUp({ type: 'drip', bytesPerSecond: 1_500_000 }, 3)
    expect((await run({})).retries).toBe(0)
    expect(await textOf(await target.source('k').open())).toBe(bytes.toString('latin1'))
  })
})

const always = Number.POSITIVE_INFINITY

describe('a transfer each of whose GETs breaks off', () => {
  it.each<Fault>([
    { type: 'truncate', after: 100_000 },
    { type: 'reset-response', after: 100_000 },
    { type: 'stall-response', after: 100_000 },
  ])('moves the exact bytes as long as it gets on: $type', async (fault) => {
    const { target, run } = await setUp(fault, always)
    expect((await run({})).bytes).toBe(size)
    expect(await textOf(await target.source('k').open())).toBe(bytes.toString('latin1'))
  })
})

describe('a transfer whose GETs go wrong for good', () => {
  it.each<[Fault, string, TransferOptions?]>([
    [{ type: 'truncate', after: 0 }, 'CONNECTION'],
    [{ type: 'reset' }, 'CONNECTION'],
    [{ type: 'reset-response', after: 1000 }, 'CONNECTION'],
    [{ type: 'stall-response', after: 1000 }, 'TIMEOUT'],
    [{ type: 'stall' }, 'TIMEOUT'],
    [{ type: 'short-length', bytes: 1 }, 'INTEGRITY'],
    [{ type: 'extra-bytes', bytes: 1 }, 'INTEGRITY'],
    [{ type: 'wrong-content-range' }, 'INTEGRITY'],
    [{ type: 'wrong-etag' }, 'SOURCE_CHANGED'],
    [{ type: 'corrupt-response', at: 299_999 }, 'INTEGRITY', { verify: 'end-to-end' }],
    [{ type: 'status', status: 403, code: 'AccessDenied' }, 'ACCESS_DENIED'],
    [{ type: 'status', status: 503 }, 'THROTTLED'],
    [{ type: 'empty-200' }, 'SOURCE_CHANGED'],
  ])('ends with the right error, and leaves nothing: %o', async (fault, code, options = {}) => {
    const { target, run } = await setUp(fault, always)
    await expect(run({ retry: { retries: 1, minDelay: 1, maxDelay: 2 }, ...options })).rejects.toMatchObject({
      code,
    })
    await expect(target.source('k').stat()).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(target.uploads()).toEqual([])
  })
})
