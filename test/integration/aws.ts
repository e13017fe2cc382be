import type { Readable } from 'node:stream'
import {
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'

/** The SDK alone, so that what is checked is not read or written by what is tested. */
export async function putWithSdk(client: S3Client, Bucket: string, Key: string, Body: Uint8Array) {
  await client.send(new PutObjectCommand({ Bucket, Key, Body }))
}

export async function getWithSdk(client: S3Client, Bucket: string, Key: string): Promise<Readable> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }))
  return Body as Readable
}

/** Removes the bucket and all that is in it. */
export async function emptyBucket(client: S3Client, Bucket: string): Promise<void> {
  for (;;) {
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }))
    if (Contents.length === 0) break
    await Promise.all(Contents.map(({ Key }) => client.send(new DeleteObjectCommand({ Bucket, Key }))))
  }
  await client.send(new DeleteBucketCommand({ Bucket }))
}
