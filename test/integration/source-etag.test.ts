import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { type TransferEvent, transfer } from 'sluiceway'
import { syntheticBytes } from 'sluiceway/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeWithCeph } from './real-ceph'
import { MiB, openStores, type Stores } from './stores'

const verify = 'end-to-end'

async function bytesOf(size: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of syntheticBytes(7, { start: 0, end: size })) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

describeWithCeph('the ETag of an object of several parts on a real gateway', (gateway) => {
  let stores: Stores
  let client: S3Client
  beforeAll(async () => {
    stores = await openStores(gateway)
    client = new S3Client({
      endpoint: gateway.endpoint,
      credentials: gateway.credentials,
      region: 'default',
      forcePathStyle: true,
      requestChecksumCalculation: 'WHEN_REQUIRED',
    })
  })
  afterAll(async () => {
    client?.destroy()
    await stores?.[Symbol.asyncDispose]()
  })

  /** As another uploader would. */
  async function upload(Key: string, bytes: Buffer, sizes: readonly number[]): Promise<void> {
    const of = { Bucket: gateway.bucket, Key }
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(of))
    const Parts: { PartNumber: number; ETag: string | undefined }[] = []
    let start = 0
    for (const [index, size] of sizes.entries()) {
      const part = { ...of, UploadId, PartNumber: index + 1, Body: bytes.subarray(start, start + size) }
      Parts.push({ PartNumber: index + 1, ETag: (await client.send(new UploadPartCommand(part))).ETag })
      start += size
    }
    await client.send(new CompleteMultipartUploadCommand({ ...of, UploadId, MultipartUpload: { Parts } }))
  }

  it('is verified from one end of a chain to the other, where sluiceway wrote it', async () => {
    const bytes = await bytesOf(40 * MiB + 1)
    await stores.cosServer.put('seed', bytes)
    await transfer(stores.cos.source('seed'), stores.ceph.sink('a'))
    const archived = await transfer(stores.ceph.source('a'), stores.cos.sink('a'), { verify })
    expect(archived.verified).toEqual(
      expect.arrayContaining(['source-etag', 'part-crc64', 'object-crc64', 'size']),
    )
    expect(archived.unverified).toEqual([])
    const restored = await transfer(stores.cos.source('a'), stores.disk.sink('a'), { verify })
    expect(restored.verified).toEqual(expect.arrayContaining(['source-crc64', 'fsync']))
    expect((await readFile(join(stores.root, 'a'))).equals(bytes)).toBe(true)
  })

  it.each([
    ['aws-cli, the only one possible', 8, 72, { partSize: 8 * MiB, concurrency: 8 }],
    ['s3cmd, one of several', 15, 35, { partSize: 8 * MiB, concurrency: 1 }],
    ['somebody who chose 7 MiB', 7, 35, { partSize: 8 * MiB, concurrency: 1 }],
  ])('is verified by guessing the part size of %s', async (_, mebibytes, size, plan) => {
    const bytes = await bytesOf(size * MiB - 5)
    const partSize = mebibytes * MiB
    const sizes = Array.from({ length: Math.ceil(bytes.length / partSize) }, (_, index) =>
      Math.min(partSize, bytes.length - index * partSize),
    )
    await upload('guessed', bytes, sizes)
    const events: TransferEvent[] = []
    const onEvent = (event: TransferEvent) => void events.push(event)
    const [source, sink] = [stores.ceph.source('guessed'), stores.cos.sink('guessed')]
    const result = await transfer(source, sink, { verify, onEvent })
    expect(result.verified).toContain('source-etag')
    expect(events.find(({ type }) => type === 'plan')).toMatchObject(plan)
  })

  it('is named as not checked where its parts were of different sizes', async () => {
    const bytes = await bytesOf(18 * MiB)
    await upload('odd', bytes, [6 * MiB, 5 * MiB, 7 * MiB])
    const result = await transfer(stores.ceph.source('odd'), stores.cos.sink('odd'), { verify })
    expect(result.unverified).toMatchObject([{ check: 'source-etag' }])
    expect((await stores.cosServer.object('odd')!.bytes()).equals(bytes)).toBe(true)
  })
})
