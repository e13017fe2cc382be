import { inspect } from 'node:util'
import { S3Client } from '@aws-sdk/client-s3'
import { transfer } from 'sluiceway'
import { ceph } from 'sluiceway/ceph'
import { cos } from 'sluiceway/cos'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Sink } from '../../src/contract/sink'
import type { Source } from '../../src/contract/source'
import type { TransferOptions } from '../../src/transfer/options'
import { fakeSource, pattern } from '../transfer/fakes'
import { describeWithCeph } from './real-ceph'
import { MiB, openStores, type Stores } from './stores'

describeWithCeph('bad input', (gateway) => {
  let stores: Stores
  beforeAll(async () => {
    stores = await openStores(gateway)
    await transfer(fakeSource(pattern(20 * MiB)), stores.ceph.sink('in'))
    await transfer(fakeSource(pattern(10)), stores.cos.sink('old'))
  })
  afterAll(async () => {
    await stores[Symbol.asyncDispose]()
  })

  const wrongKeys = { accessKeyId: gateway.credentials.accessKeyId, secretAccessKey: 'not-the-secret-key' }
  const cephWith = (change: object) =>
    ceph({ endpoint: gateway.endpoint, bucket: gateway.bucket, credentials: gateway.credentials, ...change })

  const cases: [string, string, () => [Source, Sink, TransferOptions?]][] = [
    [
      'a part size below what COS takes',
      'INVALID_OPTION',
      () => [stores.ceph.source('in'), stores.cos.sink('old'), { partSize: 1000 }],
    ],
    [
      'a part size below what Ceph takes',
      'INVALID_OPTION',
      () => [stores.cos.source('old'), stores.ceph.sink('out'), { partSize: MiB }],
    ],
    [
      'a part size that is no integer',
      'INVALID_OPTION',
      () => [stores.ceph.source('in'), stores.cos.sink('old'), { partSize: 5.5 * MiB + 0.1 }],
    ],
    [
      'an unknown option',
      'INVALID_OPTION',
      () => [stores.ceph.source('in'), stores.cos.sink('old'), { partsize: MiB } as never],
    ],
    ['a missing object', 'NOT_FOUND', () => [stores.ceph.source('no such key'), stores.cos.sink('old')]],
    [
      'a missing object on COS',
      'NOT_FOUND',
      () => [stores.cos.source('no such key'), stores.disk.sink('old')],
    ],
    [
      'a missing bucket to read',
      'NOT_FOUND',
      () => [cephWith({ bucket: 'no-such-bucket' }).source('in'), stores.cos.sink('old')],
    ],
    [
      'a missing bucket to write',
      'NOT_FOUND',
      () => [stores.ceph.source('in'), cephWith({ bucket: 'no-such-bucket' }).sink('old')],
    ],
    ['a missing COS bucket', 'NOT_FOUND', () => [stores.ceph.source('in'), otherBucket().sink('old')]],
    [
      'a wrong secret key',
      'ACCESS_DENIED',
      () => [cephWith({ credentials: wrongKeys }).source('in'), stores.cos.sink('old')],
    ],
    ['a wrong secret key of COS', 'ACCESS_DENIED', () => [stores.ceph.source('in'), wrongCos().sink('old')]],
    [
      'a client whose checksum settings cannot work',
      'INVALID_OPTION',
      () => [
        stores.ceph.source('in'),
        cephWith({ client: defaultClient(), credentials: undefined, endpoint: undefined }).sink('out'),
      ],
    ],
    [
      'a key that leaves the root',
      'INVALID_KEY',
      () => [stores.ceph.source('in'), stores.disk.sink('../outside')],
    ],
    ['an empty key', 'INVALID_KEY', () => [stores.ceph.source(''), stores.cos.sink('old')]],
  ]

  const defaultClient = () =>
    new S3Client({
      endpoint: gateway.endpoint,
      credentials: gateway.credentials,
      region: 'default',
      forcePathStyle: true,
    })
  const cosWith = (change: object) =>
    cos({
      endpoint: stores.cosServer.url,
      bucket: stores.cosServer.bucket,
      region: 'ap-guangzhou',
      credentials: stores.cosServer.credentials,
      ...change,
    })
  const otherBucket = () => cosWith({ bucket: 'other-1250000000' })
  const wrongCos = () =>
    cosWith({ credentials: { ...stores.cosServer.credentials, secretKey: 'not-the-secret-key' } })

  it.each(cases)('%s is %s, at once, and nothing is lost', async (_, code, make) => {
    const before = performance.now()
    let moved = 0
    const error = await (async () => {
      const [source, sink, options] = make()
      return transfer(source, sink, {
        ...options,
        onProgress: ({ bytes }) => {
          moved = bytes
        },
      })
    })().then(
      () => undefined,
      (reason) => reason,
    )
    expect(error).toMatchObject({ name: 'TransferError', code, retry: 'permanent' })
    expect(moved).toBe(0)
    expect(performance.now() - before).toBeLessThan(5000)
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('not-the-secret-key')
    expect((await stores.cos.source('old').stat()).size).toBe(10)
    expect(stores.cosServer.uploads()).toEqual([])
    expect(await gateway.listUploads(gateway.bucket)).toEqual([])
  })
})
