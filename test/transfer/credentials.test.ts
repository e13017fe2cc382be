import { describe, expect, it } from 'vitest'
import { ceph } from '../../src/adapters/ceph'
import { cos } from '../../src/adapters/cos'
import type { TransferEvent } from '../../src/contract/events'
import type { Store } from '../../src/contract/store'
import { type CosServer, cosServer, type S3Server, s3Server } from '../../src/testing/servers'
import { transfer } from '../../src/transfer/transfer'
import { fakeSink, fakeSource, pattern, sha256 } from './fakes'

const KiB = 1024
const limits = { minPartSize: KiB, maxPutSize: 32 * KiB }
const content = pattern(640 * KiB)
const options = { partSize: 32 * KiB, concurrency: 4, retry: { retries: 5, minDelay: 5, maxDelay: 20 } }
const region = 'ap-guangzhou'

interface Rotating extends AsyncDisposable {
  readonly server: S3Server | CosServer
  readonly store: Store
  /** A store with the first keys and no function to get others. */
  readonly fixed: Store
  /** How often the function was asked for keys. */
  readonly asked: () => number
  /** From now on the first keys are refused. */
  expire(): void
}

/** A server of two pairs of keys, and a store whose function gives the first of them once, and then the second. */
async function rotating(name: 'ceph' | 'cos'): Promise<Rotating> {
  let expires = new Date(Date.now() + 600_000)
  let asked = 0
  const provider =
    <C>(issued: readonly C[]) =>
    async () => {
      asked += 1
      return issued[Math.min(asked, issued.length) - 1]!
    }
  const made = name === 'ceph' ? await makeCeph() : await makeCos()

  async function makeCeph() {
    const keys = ['old', 'new'].map((age) => ({
      accessKeyId: `AKID${age}`,
      secretAccessKey: `${age}-key`,
      sessionToken: `${age}-token`,
    }))
    const old = Object.defineProperty({ ...keys[0]! }, 'expires', { get: () => expires, enumerable: true })
    const server = await s3Server({ credentials: [old, keys[1]!], limits })
    const make = (credentials: Parameters<typeof ceph>[0]['credentials']) =>
      ceph({ endpoint: server.url, bucket: server.bucket, credentials, limits })
    return { server, store: make(provider(keys)), fixed: make(keys[0]) }
  }

  async function makeCos() {
    const keys = ['old', 'new'].map((age) => ({
      secretId: `AKID${age}`,
      secretKey: `${age}-key`,
      securityToken: `${age}-token`,
    }))
    const old = Object.defineProperty({ ...keys[0]! }, 'expires', { get: () => expires, enumerable: true })
    const server = await cosServer({ credentials: [old, keys[1]!], limits })
    const make = (credentials: Parameters<typeof cos>[0]['credentials']) =>
      cos({ endpoint: server.url, bucket: server.bucket, region, credentials, limits })
    return { server, store: make(provider(keys)), fixed: make(keys[0]) }
  }

  return {
    ...made,
    asked: () => asked,
    expire: () => {
      expires = new Date(Date.now() - 1)
    },
    async [Symbol.asyncDispose]() {
      await made.store.close()
      await made.fixed.close()
      await made.server.close()
    },
  }
}

describe.each(['ceph', 'cos'] as const)('keys of %s that expire in mid-transfer', (name) => {
  /** Expires them when some parts have arrived and others are under way. */
  const expiringAfter = (at: Rotating, parts: number, events: TransferEvent[]) => (event: TransferEvent) => {
    events.push(event)
    if (events.filter(({ type }) => type === 'part').length === parts) at.expire()
  }
  const refused = (events: readonly TransferEvent[]) =>
    events.flatMap((event) => (event.type === 'retry' ? [event.error.code] : []))

  it('are asked for once more, however many parts were refused, and the object arrives: as the sink', async () => {
    await using at = await rotating(name)
    const events: TransferEvent[] = []
    const onEvent = expiringAfter(at, 5, events)
    const result = await transfer(fakeSource(content), at.store.sink('key'), { ...options, onEvent })
    expect(at.asked()).toBe(2)
    expect(result.retries).toBeGreaterThan(0)
    expect(new Set(refused(events))).toEqual(new Set(['ACCESS_DENIED']))
    expect(sha256(await at.server.object('key')!.bytes())).toBe(sha256(content))
    expect(at.server.uploads()).toEqual([])
    expect(at.server.requests.some(({ error }) => error?.code === 'ExpiredToken')).toBe(true)
  })

  it('are asked for once more, and the object arrives: as the source', async () => {
    await using at = await rotating(name)
    await at.server.put('key', content)
    const events: TransferEvent[] = []
    const sink = fakeSink()
    const onEvent = expiringAfter(at, 5, events)
    await transfer(at.store.source('key'), sink, { ...options, onEvent })
    expect(at.asked()).toBe(2)
    expect(new Set(refused(events))).toEqual(new Set(['ACCESS_DENIED']))
    expect(sha256(sink.object!)).toBe(sha256(content))
  })

  it('just before the commit are asked for once more, and it takes place', async () => {
    await using at = await rotating(name)
    const events: TransferEvent[] = []
    const onEvent = expiringAfter(at, 20, events)
    await transfer(fakeSource(content), at.store.sink('key'), { ...options, onEvent })
    expect(at.asked()).toBe(2)
    expect(sha256(await at.server.object('key')!.bytes())).toBe(sha256(content))
    expect(at.server.uploads()).toEqual([])
  })

  it('and cannot be had anew end the transfer with ACCESS_DENIED', async () => {
    await using at = await rotating(name)
    const onEvent = expiringAfter(at, 5, [])
    await expect(
      transfer(fakeSource(content), at.fixed.sink('key'), { ...options, onEvent }),
    ).rejects.toMatchObject({ code: 'ACCESS_DENIED', retry: 'permanent' })
    expect(at.server.object('key')).toBeUndefined()
  })
})
