import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  ListPartsCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type S3Server, s3Server } from '../../../src/testing/servers'
import { s3Client } from './clients'

describe('the S3 server as a Ceph gateway of release 16', () => {
  let server: S3Server
  let client: S3Client
  beforeEach(async () => {
    server = await s3Server({ limits: { minPartSize: 1 } })
    client = s3Client(server)
  })
  afterEach(async () => {
    client.destroy()
    await server.close()
  })
  const of = { Bucket: 'staging', Key: 'a' }

  async function upload(...bodies: string[]) {
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(of))
    const parts: { PartNumber: number; ETag: string | undefined }[] = []
    for (const [index, Body] of bodies.entries()) {
      const PartNumber = index + 1
      const { ETag } = await client.send(new UploadPartCommand({ ...of, UploadId, PartNumber, Body }))
      parts.push({ PartNumber, ETag })
    }
    const complete = (Parts = parts) =>
      client.send(new CompleteMultipartUploadCommand({ ...of, UploadId, MultipartUpload: { Parts } }))
    return { UploadId, parts, complete }
  }

  it('answers the first completion without an ETag, and the same again with one, without quotes', async () => {
    const { complete } = await upload('one', 'two')
    expect((await complete()).ETag).toBeFalsy()
    const object = server.object('a')
    expect((await complete()).ETag).toBe(object?.etag)
    expect(server.object('a')).toMatchObject({ lastModified: object?.lastModified, size: 6 })
  })

  it('answers 500 to the completion of an upload that is gone, where the object is another', async () => {
    const { UploadId, complete } = await upload('one')
    await client.send(new AbortMultipartUploadCommand({ ...of, UploadId }))
    const failed = { name: 'InternalError', $metadata: { httpStatusCode: 500 } }
    await expect(complete()).rejects.toMatchObject(failed)
    await server.put('a', 'other')
    await expect(complete()).rejects.toMatchObject(failed)
  })

  it('demands that every part be named', async () => {
    const { parts, complete } = await upload('one', 'two')
    await expect(complete(parts.slice(0, 1))).rejects.toMatchObject({ name: 'InvalidPart' })
  })

  it('lists the parts of an upload that is gone as NoSuchKey', async () => {
    const { UploadId, complete } = await upload('one')
    await complete()
    const listed = client.send(new ListPartsCommand({ ...of, UploadId }))
    await expect(listed).rejects.toMatchObject({ name: 'NoSuchKey' })
  })

  it('ignores conditions on the source of a copy, and decodes its key twice', async () => {
    await server.put('a b', 'spaced')
    const CopySource = 'staging/a%2520b'
    const copy = new CopyObjectCommand({ ...of, CopySource, CopySourceIfMatch: 'other' })
    const { CopyObjectResult } = await client.send(copy)
    expect(CopyObjectResult?.ETag).toBe(server.object('a b')?.etag)
    expect((await server.object('a')?.bytes())?.toString()).toBe('spaced')
  })
})
