import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterEach, describe, expect, it } from 'vitest'
import { type S3Server, type S3ServerOptions, s3Server } from '../../../src/testing/servers'
import { s3Client } from './clients'

const open: { server: S3Server; client: S3Client }[] = []
afterEach(async () => {
  for (const { server, client } of open.splice(0)) {
    client.destroy()
    await server.close()
  }
})

const of = { Bucket: 'staging', Key: 'a' }

async function start(options: S3ServerOptions) {
  const server = await s3Server({ limits: { minPartSize: 1 }, ...options })
  const client = s3Client(server)
  open.push({ server, client })
  return { server, client }
}

async function upload(client: S3Client, ...bodies: string[]): Promise<void> {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(of))
  const Parts: { PartNumber: number; ETag: string | undefined }[] = []
  for (const [index, Body] of bodies.entries()) {
    const PartNumber = index + 1
    const { ETag } = await client.send(new UploadPartCommand({ ...of, UploadId, PartNumber, Body }))
    Parts.push({ PartNumber, ETag })
  }
  await client.send(new CompleteMultipartUploadCommand({ ...of, UploadId, MultipartUpload: { Parts } }))
}

describe('a part number on GET or HEAD', () => {
  it('asks for one part of the upload the object was made by', async () => {
    const { server, client } = await start({ gateway: 's3' })
    await upload(client, 'first', 'and second', '3')
    const head = await client.send(new HeadObjectCommand({ ...of, PartNumber: 2 }))
    expect(head).toMatchObject({ ContentLength: 10, PartsCount: 3, $metadata: { httpStatusCode: 206 } })
    expect(head.ETag).toBe(`"${server.object('a')?.etag}"`)
    const part = await client.send(new GetObjectCommand({ ...of, PartNumber: 2 }))
    expect(part).toMatchObject({ ContentRange: 'bytes 5-14/16', PartsCount: 3 })
    expect(await part.Body?.transformToString()).toBe('and second')
    expect(await client.send(new HeadObjectCommand(of))).toMatchObject({ ContentLength: 16 })
    expect((await client.send(new HeadObjectCommand(of))).PartsCount).toBeUndefined()
  })

  it('is the whole object for number 1 of one that was put', async () => {
    const { server, client } = await start({ gateway: 's3' })
    await server.put('a', 'whole')
    const head = await client.send(new HeadObjectCommand({ ...of, PartNumber: 1 }))
    expect(head).toMatchObject({ ContentLength: 5, $metadata: { httpStatusCode: 206 } })
    expect(head.PartsCount).toBeUndefined()
  })

  it.each([
    ['that the object does not have', { PartNumber: 4 }, 416, 'InvalidPartNumber'],
    ['that no object has', { PartNumber: 10_001 }, 400, 'InvalidArgument'],
    ['beside a range', { PartNumber: 1, Range: 'bytes=0-1' }, 400, 'InvalidRequest'],
  ])('%s is refused', async (_, input, httpStatusCode, name) => {
    const { client } = await start({ gateway: 's3' })
    await upload(client, 'first', 'and second', '3')
    const refused = client.send(new GetObjectCommand({ ...of, ...input }))
    await expect(refused).rejects.toMatchObject({ name, $metadata: { httpStatusCode } })
  })

  it('is ignored by a Ceph gateway of release 16', async () => {
    const { client } = await start({ gateway: 'ceph-16' })
    await upload(client, 'first', 'and second', '3')
    for (const PartNumber of [1, 2, 4]) {
      const head = await client.send(new HeadObjectCommand({ ...of, PartNumber }))
      expect(head).toMatchObject({ ContentLength: 16, $metadata: { httpStatusCode: 200 } })
      expect(head.PartsCount).toBeUndefined()
    }
  })
})
