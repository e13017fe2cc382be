import { createHash, randomBytes } from 'node:crypto'
import type COS from 'cos-nodejs-sdk-v5'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type CosServer, cosServer } from '../../../src/testing/servers'
import { at, cosClient, cosUrl, raw } from './clients'

const mib = 1024 ** 2
const md5 = (bytes: Uint8Array | string) => createHash('md5').update(bytes).digest('base64')

describe('what the COS server refuses', () => {
  let server: CosServer
  let cos: COS
  beforeEach(async () => {
    server = await cosServer({ limits: { minPartSize: mib } })
    cos = cosClient(server)
  })
  afterEach(() => server.close())

  const of = (Key: string) => ({ ...at(server), Key })
  const put = (url: string, body: string, headers: Record<string, string> = {}) =>
    raw(url, { method: 'PUT', headers }, body)
  const codeOf = (body: Buffer) => /<Code>(.*)<\/Code>/.exec(body.toString())?.[1]

  it('a wrong secret, an unknown key and no signature at all', async () => {
    const wrong = cosClient(server, { SecretKey: 'other' }).getObject(of('a'))
    await expect(wrong).rejects.toMatchObject({ statusCode: 403, code: 'SignatureDoesNotMatch' })
    const unknown = cosClient(server, { SecretId: 'other' }).getObject(of('a'))
    await expect(unknown).rejects.toMatchObject({ statusCode: 403, code: 'InvalidAccessKeyId' })
    const anonymous = await raw(`${server.url}/a`)
    expect([anonymous.status, codeOf(anonymous.body)]).toEqual([403, 'AccessDenied'])
  })

  it('a signature for another method, path, parameter or header', async () => {
    await server.put('a', 'x')
    const url = cosUrl(server, 'GET', 'a', { 'response-content-type': 'text/plain' })
    expect((await raw(url)).status).toBe(200)
    const changed = [
      raw(url, { method: 'HEAD' }),
      raw(url.replace('/a?', '/b?')),
      raw(url.replace('text%2Fplain', 'text%2Fhtml').replace('text/plain', 'text/html')),
      raw(url, { headers: { host: 'other.example' } }),
    ]
    expect((await Promise.all(changed)).map(({ status }) => status)).toEqual([403, 403, 403, 403])
  })

  it('a signature whose time is over or has not come', async () => {
    let offset = 0
    const other = await cosServer({ now: () => new Date(Date.now() + offset * 1000) })
    // The SDK signs for the next 900 seconds.
    const answer = async (seconds: number) => {
      offset = seconds
      return codeOf((await raw(cosUrl(other, 'GET', 'a'))).body)
    }
    expect(await answer(0)).toBe('NoSuchKey')
    expect(await answer(950)).toBe('AccessDenied')
    expect(await answer(-3600)).toBe('RequestTimeTooSkewed')
    await other.close()
  })

  it('a temporary key without its token, with another one, or after its end', async () => {
    const credentials = { secretId: 'tmp', secretKey: 'key', securityToken: 'token' }
    const soon = new Date(Date.now() + 60_000)
    let now = new Date()
    const temporary = await cosServer({ credentials: { ...credentials, expires: soon }, now: () => now })
    const send = (SecurityToken: string | undefined) =>
      cosClient(temporary, { SecurityToken }).putObject({ ...of('a'), Body: 'x' })
    await send('token')
    await expect(send(undefined)).rejects.toMatchObject({ code: 'InvalidAccessKeyId' })
    await expect(send('other')).rejects.toMatchObject({ code: 'InvalidAccessKeyId' })
    now = new Date(soon.getTime() + 1000)
    await expect(send('token')).rejects.toMatchObject({ code: 'ExpiredToken' })
    await temporary.close()
  })

  it('a body that is not what Content-MD5 says, and a Content-MD5 that says nothing', async () => {
    const good = await put(cosUrl(server, 'PUT', 'a'), 'body', { 'content-md5': md5('body') })
    expect(good.status).toBe(200)
    const bad = await put(cosUrl(server, 'PUT', 'b'), 'body', { 'content-md5': md5('other') })
    expect([bad.status, codeOf(bad.body)]).toEqual([400, 'BadDigest'])
    const invalid = await put(cosUrl(server, 'PUT', 'b'), 'body', { 'content-md5': 'x' })
    expect([invalid.status, codeOf(invalid.body)]).toEqual([400, 'InvalidDigest'])
    expect(server.objects().map(({ key }) => key)).toEqual(['a'])
  })

  it('to replace an object where that is forbidden, on PUT and on Complete', async () => {
    await server.put('a', 'old')
    const Headers = () => ({ 'x-cos-forbid-overwrite': 'true' })
    const refused = { statusCode: 409, code: 'FileAlreadyExists' }
    await expect(cos.putObject({ ...of('a'), Body: 'new', Headers: Headers() })).rejects.toMatchObject(
      refused,
    )
    const { UploadId } = await cos.multipartInit(of('a'))
    const { ETag } = await cos.multipartUpload({ ...of('a'), UploadId, PartNumber: 1, Body: 'new' })
    const Parts = [{ PartNumber: 1, ETag }]
    const complete = cos.multipartComplete({ ...of('a'), UploadId, Parts, Headers: Headers() })
    await expect(complete).rejects.toMatchObject(refused)
    expect((await server.object('a')?.bytes())?.toString()).toBe('old')
    await cos.putObject({ ...of('b'), Body: 'new', Headers: Headers() })
  })

  it('a key of more than 850 bytes, a storage class that does not exist, a part number out of range', async () => {
    await cos.putObject({ ...of('k'.repeat(850)), Body: 'x' })
    await expect(cos.putObject({ ...of('k'.repeat(851)), Body: 'x' })).rejects.toMatchObject({
      code: 'KeyTooLong',
    })
    const StorageClass = 'LUKEWARM' as 'STANDARD'
    await expect(cos.putObject({ ...of('a'), Body: 'x', StorageClass })).rejects.toMatchObject({
      code: 'InvalidStorageClass',
    })
    const { UploadId } = await cos.multipartInit(of('a'))
    const part = (PartNumber: number) => cos.multipartUpload({ ...of('a'), UploadId, PartNumber, Body: 'x' })
    await part(10_000)
    await expect(part(10_001)).rejects.toMatchObject({ code: 'InvalidArgument' })
    await expect(part(0)).rejects.toMatchObject({ code: 'InvalidArgument' })
  })

  it('a body without a length, and one that is too large, before it is read', async () => {
    const small = await cosServer({ limits: { maxPutSize: 10 } })
    const large = await put(cosUrl(small, 'PUT', 'a'), 'x'.repeat(11))
    expect([large.status, codeOf(large.body)]).toEqual([400, 'EntityTooLarge'])
    const chunked = { method: 'PUT', headers: { 'transfer-encoding': 'chunked' } }
    const counted = await raw(cosUrl(small, 'PUT', 'a'), chunked, 'x'.repeat(11))
    expect(codeOf(counted.body)).toBe('EntityTooLarge')
    expect((await raw(cosUrl(small, 'PUT', 'a'), chunked, 'x')).status).toBe(200)
    await small.close()
  })

  it('an upload that does not exist, any more', async () => {
    const gone = { statusCode: 404, code: 'NoSuchUpload' }
    const { UploadId } = await cos.multipartInit(of('a'))
    await expect(cos.multipartListPart({ ...of('other'), UploadId })).rejects.toMatchObject(gone)
    await cos.multipartAbort({ ...of('a'), UploadId })
    await expect(cos.multipartAbort({ ...of('a'), UploadId })).rejects.toMatchObject(gone)
    const part = cos.multipartUpload({ ...of('a'), UploadId, PartNumber: 1, Body: 'x' })
    await expect(part).rejects.toMatchObject(gone)
  })

  it('parts that are wrong, missing, out of order, not continuous or too small', async () => {
    const { UploadId } = await cos.multipartInit(of('a'))
    const tags: string[] = []
    for (const [index, size] of [mib, mib - 1, mib, 5].entries()) {
      const part = { ...of('a'), UploadId, PartNumber: index + 1, Body: randomBytes(size) }
      tags.push((await cos.multipartUpload(part)).ETag)
    }
    const named = (...numbers: number[]) =>
      numbers.map((PartNumber) => ({ PartNumber, ETag: tags[PartNumber - 1] ?? '"none"' }))
    const complete = (Parts: COS.Part[]) => cos.multipartComplete({ ...of('a'), UploadId, Parts })
    await expect(complete(named(2, 1))).rejects.toMatchObject({ code: 'InvalidPartOrder' })
    await expect(complete(named(1, 1))).rejects.toMatchObject({ code: 'InvalidPartOrder' })
    await expect(complete(named(1, 3))).rejects.toMatchObject({ code: 'InvalidPart' })
    await expect(complete(named(3, 4, 5))).rejects.toMatchObject({ code: 'InvalidPart' })
    await expect(complete([{ PartNumber: 1, ETag: tags[2]! }])).rejects.toMatchObject({ code: 'InvalidPart' })
    await expect(complete(named(1, 2, 3, 4))).rejects.toMatchObject({ code: 'EntityTooSmall' })
    await expect(complete([])).rejects.toMatchObject({ code: 'InvalidArgument' })
    expect(server.objects()).toEqual([])
    await complete(named(1, 2))
    expect(server.object('a')?.size).toBe(2 * mib - 1)
    await expect(complete(named(1, 2))).rejects.toMatchObject({ code: 'NoSuchUpload' })
  })

  it('to read an archived object, or a range beyond the end', async () => {
    await server.put('cold', 'x', { storageClass: 'ARCHIVE' })
    await expect(cos.getObject(of('cold'))).rejects.toMatchObject({
      statusCode: 403,
      code: 'InvalidObjectState',
    })
    await server.put('a', 'x')
    await expect(cos.getObject({ ...of('a'), Range: 'bytes=1-' })).rejects.toMatchObject({ statusCode: 416 })
  })

  it('and says why in its log, without signatures or tokens', async () => {
    await cosClient(server, { SecretKey: 'other' })
      .getObject(of('a'))
      .catch(() => {})
    const record = server.requests.at(-1)
    expect(record).toMatchObject({ operation: 'GetObject', key: 'a', status: 403 })
    expect(record?.error?.code).toBe('SignatureDoesNotMatch')
    expect(JSON.stringify(server.requests)).not.toMatch(/q-signature/)
  })
})
