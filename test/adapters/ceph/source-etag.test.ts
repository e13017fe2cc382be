import { afterEach, describe, expect, it } from 'vitest'
import { ceph } from '../../../src/adapters/ceph'
import { cos } from '../../../src/adapters/cos'
import { memory } from '../../../src/adapters/memory'
import type { Store } from '../../../src/contract/store'
import { writeObject } from '../../../src/testing/conformance'
import { cosServer, type S3ServerOptions, s3Server } from '../../../src/testing/servers'
import { transfer } from '../../../src/transfer/transfer'
import { pattern } from '../../transfer/fakes'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const KiB = 1024
const bytes = pattern(300 * KiB + 17)
const verify = 'end-to-end'

const kept = <T extends { close(): Promise<void> }>(resource: T): T => {
  closing.push(() => resource.close())
  return resource
}

/** An object of `bytes` that was uploaded in parts of 64 KiB, and a COS store to send it to. */
async function uploaded(gateway: S3ServerOptions['gateway']) {
  const limits = { minPartSize: KiB }
  const server = kept(await s3Server({ gateway, limits }))
  const options = { endpoint: server.url, bucket: server.bucket, credentials: server.credentials, limits }
  const staging = kept(ceph({ ...options, limits: { ...limits, maxPutSize: 0 } }))
  const seed = kept(memory())
  await writeObject(seed, 'a', bytes)
  await transfer(seed.source('a'), staging.sink('a'), { partSize: 64 * KiB })
  const archiveServer = kept(await cosServer({ limits: { minPartSize: KiB } }))
  const archive = kept(
    cos({
      endpoint: archiveServer.url,
      bucket: archiveServer.bucket,
      region: 'ap-guangzhou',
      credentials: archiveServer.credentials,
      limits: { minPartSize: KiB },
    }),
  )
  const heads = () => server.requests.filter(({ operation }) => operation === 'HeadObject')
  return { server, staging, archive: archive as Store, archiveServer, heads }
}

describe('an object of several parts behind an S3 gateway', () => {
  it('tells its parts where the gateway knows part numbers', async () => {
    const { staging } = await uploaded('s3')
    const source = staging.source('a')
    const { compositeMd5, version, digests } = await source.stat()
    expect([compositeMd5?.parts, digests]).toEqual([5, undefined])
    expect(await source.partSize?.(0, { version })).toBe(64 * KiB)
    expect(await source.partSize?.(4, { version })).toBe(44 * KiB + 17)
    await expect(source.partSize?.(0, { version: '"other"' })).rejects.toMatchObject({
      code: 'SOURCE_CHANGED',
    })
  })

  it('tells nothing where the gateway ignores them', async () => {
    const { staging } = await uploaded('ceph-16')
    expect(await staging.source('a').partSize?.(0)).toBeUndefined()
  })

  it('is verified on its way to COS, for two requests more', async () => {
    const { staging, archive, archiveServer, heads } = await uploaded('s3')
    const before = heads().length
    const plain = await transfer(staging.source('a'), archive.sink('plain'), { partSize: 64 * KiB })
    const usual = heads().length - before
    expect(plain.verified).not.toContain('source-etag')
    const result = await transfer(staging.source('a'), archive.sink('a'), { partSize: 64 * KiB, verify })
    expect(heads().length - before - usual).toBe(usual + 2)
    expect(result.verified).toEqual(expect.arrayContaining(['source-etag', 'part-crc64', 'object-crc64']))
    expect(result.unverified).toEqual([])
    expect(await archiveServer.object('a')?.bytes()).toEqual(bytes)
  })

  it('is verified by the planned part size where the gateway ignores part numbers', async () => {
    const { staging, archive } = await uploaded('ceph-16')
    const result = await transfer(staging.source('a'), archive.sink('a'), { partSize: 64 * KiB, verify })
    expect(result.verified).toContain('source-etag')
  })

  it('is INTEGRITY where a byte rotted and the parts are known', async () => {
    const { server, staging, archive, archiveServer } = await uploaded('s3')
    server.misbehave({
      when: { operation: 'GetObject' },
      times: Number.POSITIVE_INFINITY,
      fault: { type: 'corrupt-response', at: 100_000 },
    })
    const options = { partSize: 400 * KiB, verify, retry: { retries: 0 } } as const
    await expect(transfer(staging.source('a'), archive.sink('a'), options)).rejects.toMatchObject({
      code: 'INTEGRITY',
    })
    expect(archiveServer.object('a')).toBeUndefined()
  })
})
