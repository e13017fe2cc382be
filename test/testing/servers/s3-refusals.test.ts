import { createHash, createHmac, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type S3Server, s3Server } from '../../../src/testing/servers'
import { raw, s3Client } from './clients'

const mib = 1024 ** 2
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const codeOf = (body: Buffer) => /<Code>(.*)<\/Code>/.exec(body.toString())?.[1]

/** A presigned URL, made apart from the server's own code. */
function presign(server: S3Server, method: string, path: string, date: Date, expires = 60): string {
  const time = date.toISOString().replace(/[-:]|\.\d+/g, '')
  const scope = `${time.slice(0, 8)}/default/s3/aws4_request`
  const query = [
    'X-Amz-Algorithm=AWS4-HMAC-SHA256',
    `X-Amz-Credential=${encodeURIComponent(`${server.credentials.accessKeyId}/${scope}`)}`,
    `X-Amz-Date=${time}`,
    `X-Amz-Expires=${expires}`,
    'X-Amz-SignedHeaders=host',
  ].join('&')
  const canonical = [method, path, query, `host:${server.host}`, '', 'host', 'UNSIGNED-PAYLOAD'].join('\n')
  let key: string | Buffer = `AWS4${server.credentials.secretAccessKey}`
  for (const part of scope.split('/')) key = createHmac('sha256', key).update(part).digest()
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')
  return `${server.url}${path}?${query}&X-Amz-Signature=${createHmac('sha256', key).update(toSign).digest('hex')}`
}

describe('what the S3 server refuses', () => {
  let server: S3Server
  let client: S3Client
  beforeEach(async () => {
    server = await s3Server({ limits: { minPartSize: 1000 } })
    client = s3Client(server)
  })
  afterEach(async () => {
    client.destroy()
    await server.close()
  })
  const of = (Key: string) => ({ Bucket: server.bucket, Key })
  const put = (sender: S3Client, Body: string | Readable = 'x', change: object = {}) =>
    sender.send(new PutObjectCommand({ ...of('a'), Body, ...change }))

  it('a wrong secret, an unknown key and no signature at all', async () => {
    await expect(put(s3Client(server, { secretAccessKey: 'other' }))).rejects.toMatchObject({
      name: 'SignatureDoesNotMatch',
      $metadata: { httpStatusCode: 403 },
    })
    const unknown = s3Client({ ...server, credentials: { ...server.credentials, accessKeyId: 'OTHER' } })
    await expect(put(unknown)).rejects.toMatchObject({ name: 'InvalidAccessKeyId' })
    const anonymous = await raw(`${server.url}/staging/a`)
    expect([anonymous.status, codeOf(anonymous.body)]).toEqual([403, 'AccessDenied'])
  })

  it('a temporary key without its token', async () => {
    const credentials = { accessKeyId: 'TMP', secretAccessKey: 'key', sessionToken: 'token' }
    const temporary = await s3Server({ credentials })
    const send = (sessionToken: string | undefined) =>
      s3Client({ ...temporary, credentials: { ...credentials, sessionToken } } as S3Server).send(
        new PutObjectCommand({ ...of('a'), Body: 'x' }),
      )
    await send('token')
    await expect(send('other')).rejects.toMatchObject({ name: 'InvalidAccessKeyId' })
    await expect(send(undefined)).rejects.toMatchObject({ name: 'InvalidAccessKeyId' })
    await temporary.close()
  })

  it('a presigned URL that was changed or has expired', async () => {
    await server.put('a b', 'x')
    const url = (offset: number) => presign(server, 'GET', '/staging/a%20b', new Date(Date.now() + offset))
    expect((await raw(url(0))).body.toString()).toBe('x')
    expect(codeOf((await raw(url(0).replace('a%20b', 'c'))).body)).toBe('SignatureDoesNotMatch')
    expect(codeOf((await raw(url(0).replace('Expires=60', 'Expires=61'))).body)).toBe('SignatureDoesNotMatch')
    expect(codeOf((await raw(url(-61_000))).body)).toBe('AccessDenied')
  })

  it('a client whose clock is off', async () => {
    const later = await s3Server({ now: () => new Date(Date.now() + 3_600_000) })
    await expect(put(s3Client(later))).rejects.toMatchObject({ name: 'RequestTimeTooSkewed' })
    await later.close()
  })

  it('a body whose digest is not what was signed or stated', async () => {
    const damage = () => server.misbehave({ fault: { type: 'corrupt-request' } })
    damage()
    await expect(put(client)).rejects.toMatchObject({ name: 'XAmzContentSHA256Mismatch' })
    const ContentMD5 = createHash('md5').update('other').digest('base64')
    await expect(put(client, 'x', { ContentMD5 })).rejects.toMatchObject({ name: 'BadDigest' })
    await expect(put(client, 'x', { ContentMD5: 'x' })).rejects.toMatchObject({ name: 'InvalidDigest' })
    expect(server.objects()).toEqual([])
  })

  it("the AWS SDK's default aws-chunked bodies, as a gateway of release 16 does", async () => {
    const modern = new S3Client({
      endpoint: server.url,
      forcePathStyle: true,
      region: 'default',
      credentials: server.credentials,
      maxAttempts: 1,
    })
    const Body = Readable.from([Buffer.alloc(100)])
    await expect(put(modern, Body, { ContentLength: 100 })).rejects.toMatchObject({
      name: 'MissingContentLength',
      $metadata: { httpStatusCode: 411 },
    })
    modern.destroy()
  })

  it('another bucket, and a key of more than 1024 bytes', async () => {
    const other = client.send(new GetObjectCommand({ Bucket: 'other', Key: 'a' }))
    await expect(other).rejects.toMatchObject({ name: 'NoSuchBucket' })
    await put(client, 'x', { Key: 'k'.repeat(1024) })
    await expect(put(client, 'x', { Key: 'k'.repeat(1025) })).rejects.toMatchObject({
      name: 'InvalidObjectName',
    })
  })

  it('to replace an object on PUT; on Complete only where told to behave as S3', async () => {
    await server.put('a', 'old')
    await expect(put(client, 'new', { IfNoneMatch: '*' })).rejects.toMatchObject({
      name: 'PreconditionFailed',
    })
    const newer = await s3Server({ gateway: 's3' })
    await newer.put('a', 'old')
    const complete = async (sender: S3Client) => {
      const { UploadId } = await sender.send(new CreateMultipartUploadCommand(of('a')))
      const { ETag } = await sender.send(
        new UploadPartCommand({ ...of('a'), UploadId, PartNumber: 1, Body: 'new' }),
      )
      const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
      await sender.send(
        new CompleteMultipartUploadCommand({ ...of('a'), UploadId, MultipartUpload, IfNoneMatch: '*' }),
      )
    }
    await expect(complete(s3Client(newer))).rejects.toMatchObject({ name: 'PreconditionFailed' })
    expect((await newer.object('a')?.bytes())?.toString()).toBe('old')
    await complete(client)
    expect((await server.object('a')?.bytes())?.toString()).toBe('new')
    await newer.close()
  })

  it('parts that are wrong, out of order or too small; gaps it takes', async () => {
    const server = await s3Server({ gateway: 's3', limits: { minPartSize: 1000 } })
    const client = s3Client(server)
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(of('a')))
    const tags: (string | undefined)[] = []
    for (const [index, size] of [1000, 999, 1000, 5].entries()) {
      const part = { ...of('a'), UploadId, PartNumber: index + 1, Body: randomBytes(size) }
      tags.push((await client.send(new UploadPartCommand(part))).ETag)
    }
    const complete = (...numbers: number[]) =>
      client.send(
        new CompleteMultipartUploadCommand({
          ...of('a'),
          UploadId,
          MultipartUpload: {
            Parts: numbers.map((PartNumber) => ({ PartNumber, ETag: tags[PartNumber - 1] ?? 'none' })),
          },
        }),
      )
    await expect(complete(3, 1)).rejects.toMatchObject({ name: 'InvalidPartOrder' })
    await expect(complete(3, 5)).rejects.toMatchObject({ name: 'InvalidPart' })
    await expect(complete(1, 2, 3)).rejects.toMatchObject({ name: 'EntityTooSmall' })
    await expect(complete()).rejects.toMatchObject({ name: 'MalformedXML' })
    await complete(1, 3, 4)
    expect(server.object('a')?.size).toBe(2005)
    await expect(complete(1, 3, 4)).rejects.toMatchObject({ name: 'NoSuchUpload' })
    client.destroy()
    await server.close()
  })

  it('a body that breaks off: nothing is stored', async () => {
    server.misbehave({ when: { operation: 'PutObject' }, fault: { type: 'reset-request', after: mib } })
    const Body = Readable.from([Buffer.alloc(3 * mib)])
    await expect(put(client, Body, { ContentLength: 3 * mib })).rejects.toThrow()
    expect(server.objects()).toEqual([])
  })
})
