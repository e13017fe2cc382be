import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Crc64 } from '../../../src/integrity/crc64'
import { type CosServer, cosServer } from '../../../src/testing/servers'
import { at, cosClient } from './clients'

const mib = 1024 ** 2
const md5 = (bytes: Uint8Array, encoding: 'hex' | 'base64' = 'hex') =>
  createHash('md5').update(bytes).digest(encoding)
const crc64 = (bytes: Uint8Array) => new Crc64().update(bytes).digest()

describe('the COS server with the COS SDK', () => {
  let server: CosServer
  beforeEach(async () => {
    server = await cosServer()
  })
  afterEach(() => server.close())

  it('stores an object with its attributes and gives it back', async () => {
    const cos = cosClient(server)
    const bytes = randomBytes(70_000)
    const put = await cos.putObject({
      ...at(server),
      Key: 'a.bin',
      Body: bytes,
      ContentType: 'video/mp4',
      CacheControl: 'max-age=60',
      ContentDisposition: 'attachment',
      ContentEncoding: 'br',
      StorageClass: 'STANDARD_IA',
      Headers: { 'x-cos-meta-origin': 'camera 7' },
    })
    expect(put.ETag).toBe(`"${md5(bytes)}"`)
    expect(put.headers?.['x-cos-hash-crc64ecma']).toBe(crc64(bytes))
    const got = await cos.getObject({ ...at(server), Key: 'a.bin' })
    expect(got.Body.equals(bytes)).toBe(true)
    expect(got.headers).toMatchObject({
      'content-type': 'video/mp4',
      'cache-control': 'max-age=60',
      'content-disposition': 'attachment',
      'content-encoding': 'br',
      'x-cos-storage-class': 'STANDARD_IA',
      'x-cos-meta-origin': 'camera 7',
      'x-cos-hash-crc64ecma': crc64(bytes),
      etag: `"${md5(bytes)}"`,
    })
    const head = await cos.headObject({ ...at(server), Key: 'a.bin' })
    expect(head.headers).toMatchObject({ 'content-length': '70000', 'x-cos-hash-crc64ecma': crc64(bytes) })
    expect(await server.object('a.bin')?.bytes()).toEqual(bytes)
  })

  it('is reached through Ip as well, where the host names the bucket', async () => {
    const cos = cosClient(server, { Domain: undefined, Ip: server.host })
    await cos.putObject({ ...at(server), Key: 'by-ip', Body: 'x' })
    expect(server.object('by-ip')?.size).toBe(1)
    await expect(
      cos.headObject({ ...at(server), Bucket: 'other-1250000000', Key: 'by-ip' }),
    ).rejects.toMatchObject({ statusCode: 404 })
  })

  it('joins the parts of an upload and states the CRC-64 of the whole', async () => {
    const cos = cosClient(server)
    const target = { ...at(server), Key: 'big.bin' }
    const parts = [randomBytes(mib), randomBytes(mib), randomBytes(100)]
    const { UploadId } = await cos.multipartInit(target)
    const done: { PartNumber: number; ETag: string }[] = []
    for (const [index, part] of parts.entries()) {
      const PartNumber = index + 1
      const uploaded = await cos.multipartUpload({
        ...target,
        UploadId,
        PartNumber,
        Body: Readable.from([part]),
        ContentLength: part.length,
      } as Parameters<typeof cos.multipartUpload>[0])
      expect(uploaded.headers?.['x-cos-hash-crc64ecma']).toBe(crc64(part))
      done.push({ PartNumber, ETag: uploaded.ETag })
    }
    expect(server.uploads()).toMatchObject([{ key: 'big.bin', parts: [{}, {}, { size: 100 }] }])
    const completed = await cos.multipartComplete({ ...target, UploadId, Parts: done })
    const whole = Buffer.concat(parts)
    expect(completed.ETag).toMatch(/^"[0-9a-f]{32}-3"$/)
    expect(completed.headers?.['x-cos-hash-crc64ecma']).toBe(crc64(whole))
    expect(server.uploads()).toEqual([])
    const got = await cos.getObject({ ...target, Range: `bytes=${mib - 5}-${mib + 4}` })
    expect(got.Body.equals(whole.subarray(mib - 5, mib + 5))).toBe(true)
    expect(got.headers?.['content-range']).toBe(`bytes ${mib - 5}-${mib + 4}/${whole.length}`)
  })
})
