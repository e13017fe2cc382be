import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type S3Server, s3Server } from '../../../src/testing/servers'
import { s3Client } from './clients'

const mib = 1024 ** 2
const md5 = (...chunks: Uint8Array[]) => createHash('md5').update(Buffer.concat(chunks)).digest()

describe('the S3 server with the AWS SDK', () => {
  let server: S3Server
  let client: S3Client
  beforeEach(async () => {
    server = await s3Server({ gateway: 's3' })
    client = s3Client(server)
  })
  afterEach(async () => {
    client.destroy()
    await server.close()
  })
  const of = (Key: string) => ({ Bucket: server.bucket, Key })

  it('answers the usual probes', async () => {
    await client.send(new HeadBucketCommand({ Bucket: 'staging' }))
    const { Buckets } = await client.send(new ListBucketsCommand({}))
    expect(Buckets?.map(({ Name }) => Name)).toEqual(['staging'])
  })

  it('stores an object with its attributes and gives it back', async () => {
    const bytes = randomBytes(70_000)
    const put = await client.send(
      new PutObjectCommand({
        ...of('a.bin'),
        Body: bytes,
        ContentType: 'video/mp4',
        CacheControl: 'max-age=60',
        ContentMD5: md5(bytes).toString('base64'),
        Metadata: { origin: 'camera 7' },
      }),
    )
    expect(put.ETag).toBe(`"${md5(bytes).toString('hex')}"`)
    const got = await client.send(new GetObjectCommand(of('a.bin')))
    expect(got).toMatchObject({ ContentType: 'video/mp4', CacheControl: 'max-age=60', ETag: put.ETag })
    expect(got.Metadata).toEqual({ origin: 'camera 7' })
    expect(Buffer.from(await got.Body!.transformToByteArray())).toEqual(bytes)
    expect(await server.object('a.bin')?.bytes()).toEqual(bytes)
    await client.send(new DeleteObjectCommand(of('a.bin')))
    expect(server.objects()).toEqual([])
  })

  it('takes a streamed body of stated length', async () => {
    const Body = Readable.from([Buffer.alloc(100_000, 1), Buffer.alloc(50_000, 2)])
    await client.send(new PutObjectCommand({ ...of('streamed'), Body, ContentLength: 150_000 }))
    expect(server.object('streamed')?.size).toBe(150_000)
  })

  it('joins the parts of an upload, copied ones among them, under a composite ETag', async () => {
    const source = randomBytes(6 * mib)
    await server.put('source', source)
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(of('big.bin')))
    const first = randomBytes(5 * mib)
    const uploaded = await client.send(
      new UploadPartCommand({ ...of('big.bin'), UploadId, PartNumber: 1, Body: first }),
    )
    const copied = await client.send(
      new UploadPartCopyCommand({
        ...of('big.bin'),
        UploadId,
        PartNumber: 2,
        CopySource: 'staging/source',
        CopySourceRange: 'bytes=10-1009',
        CopySourceIfMatch: server.object('source')?.etag,
      }),
    )
    const listed = await client.send(new ListPartsCommand({ ...of('big.bin'), UploadId }))
    expect(listed.Parts).toMatchObject([
      { PartNumber: 1, Size: 5 * mib, ETag: uploaded.ETag },
      { PartNumber: 2, Size: 1000, ETag: copied.CopyPartResult?.ETag },
    ])
    const completed = await client.send(
      new CompleteMultipartUploadCommand({
        ...of('big.bin'),
        UploadId,
        MultipartUpload: {
          Parts: [
            { PartNumber: 1, ETag: uploaded.ETag },
            { PartNumber: 2, ETag: copied.CopyPartResult?.ETag },
          ],
        },
      }),
    )
    const rest = source.subarray(10, 1010)
    expect(completed.ETag).toBe(`"${md5(md5(first), md5(rest)).toString('hex')}-2"`)
    expect((await server.object('big.bin')?.bytes())?.equals(Buffer.concat([first, rest]))).toBe(true)
    expect(server.object('big.bin')?.partSizes).toEqual([5 * mib, 1000])
  })

  it('copies an object, and refuses where the source has changed', async () => {
    await server.put('source', 'abc', { contentType: 'text/plain' })
    const copy = { ...of('copy'), CopySource: 'staging/source' }
    await client.send(new CopyObjectCommand(copy))
    expect(server.object('copy')).toMatchObject({ size: 3, attributes: { contentType: 'text/plain' } })
    const refused = client.send(new CopyObjectCommand({ ...copy, CopySourceIfMatch: 'other' }))
    await expect(refused).rejects.toMatchObject({ name: 'PreconditionFailed' })
  })

  it('gives ranges, and only of the version asked for', async () => {
    const { etag } = await server.put('digits', '0123456789')
    const got = await client.send(
      new GetObjectCommand({ ...of('digits'), Range: 'bytes=2-4', IfMatch: etag }),
    )
    expect(await got.Body?.transformToString()).toBe('234')
    expect(got.ContentRange).toBe('bytes 2-4/10')
    const tail = await client.send(new GetObjectCommand({ ...of('digits'), Range: 'bytes=-2' }))
    expect(await tail.Body?.transformToString()).toBe('89')
    const refuse = (change: object) => client.send(new GetObjectCommand({ ...of('digits'), ...change }))
    await expect(refuse({ IfMatch: '"other"' })).rejects.toMatchObject({ name: 'PreconditionFailed' })
    await expect(refuse({ IfNoneMatch: etag })).rejects.toMatchObject({ $metadata: { httpStatusCode: 304 } })
    await expect(refuse({ Range: 'bytes=10-' })).rejects.toMatchObject({ name: 'InvalidRange' })
    await expect(client.send(new HeadObjectCommand(of('none')))).rejects.toMatchObject({ name: 'NotFound' })
  })

  it('forgets an upload that is aborted', async () => {
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(of('x')))
    await client.send(new AbortMultipartUploadCommand({ ...of('x'), UploadId }))
    expect(server.uploads()).toEqual([])
    const again = client.send(new AbortMultipartUploadCommand({ ...of('x'), UploadId }))
    await expect(again).rejects.toMatchObject({ name: 'NoSuchUpload' })
  })
})
