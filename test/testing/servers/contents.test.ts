import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListPartsCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterEach, describe, expect, it } from 'vitest'
import { Crc64 } from '../../../src/integrity/crc64'
import { cosServer, s3Server, syntheticBytes } from '../../../src/testing/servers'
import { at, cosClient, raw, s3Client } from './clients'

const oddKeys = [
  ' leading and trailing ',
  'plus+sign',
  'percent%2Fslash',
  'question?mark',
  'hash#mark',
  'a//b',
  './dot',
  '../dots',
  '.hidden',
  'tab\tnew\nline',
  `quotes'"<&>`,
  "!'()*~;,=@$[]",
  'e\u0301 and é',
  '中文/文件.txt',
  'emoji-😀',
  '\uffee-after-emoji-in-utf16-but-not-in-utf8',
]
const byBytes = (keys: string[]) => [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))

const closing: (() => Promise<void>)[] = []
const closed = <T extends { close(): Promise<void> }>(server: T): T => {
  closing.push(() => server.close())
  return server
}
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

describe('what the servers hold', () => {
  it('S3: odd keys, up to 1024 bytes, come and go as they are', async () => {
    const server = closed(await s3Server())
    const client = s3Client(server)
    const keys = [...oddKeys, '长'.repeat(333), 'k'.repeat(1024)]
    const of = (Key: string) => ({ Bucket: server.bucket, Key })
    for (const Key of keys) await client.send(new PutObjectCommand({ ...of(Key), Body: Key }))
    expect(server.objects().map(({ key }) => key)).toEqual(byBytes(keys))
    for (const Key of keys) {
      const got = await client.send(new GetObjectCommand(of(Key)))
      expect(await got.Body?.transformToString()).toBe(Key)
    }
    const listed: string[] = []
    const pages = paginateListObjectsV2(
      { client, pageSize: 4 },
      { Bucket: server.bucket, EncodingType: 'url' },
    )
    for await (const { Contents = [] } of pages) {
      listed.push(...Contents.map(({ Key }) => decodeURIComponent(Key!)))
    }
    expect(listed).toEqual(byBytes(keys))
    client.destroy()
  })

  it('COS: odd keys come and go as they are, and are listed page by page', async () => {
    const server = closed(await cosServer())
    const cos = cosClient(server)
    // The SDK itself refuses or rewrites keys with dot segments.
    const keys = oddKeys.filter((key) => !/^\.\.?\//.test(key))
    for (const Key of keys) await cos.putObject({ ...at(server), Key, Body: Key })
    expect(server.objects().map(({ key }) => key)).toEqual(byBytes(keys))
    for (const Key of keys) {
      expect((await cos.getObject({ ...at(server), Key })).Body.toString()).toBe(Key)
      expect((await cos.getBucket({ ...at(server), Prefix: Key })).Contents).toHaveLength(1)
    }
    const listed: string[] = []
    let Marker: string | undefined = ''
    while (Marker !== undefined) {
      const page: Awaited<ReturnType<typeof cos.getBucket>> = await cos.getBucket({
        ...at(server),
        Marker,
        MaxKeys: 4,
        EncodingType: 'url',
      })
      expect(page.Contents.length).toBeLessThanOrEqual(4)
      listed.push(...page.Contents.map(({ Key }) => decodeURIComponent(Key)))
      Marker = page.IsTruncated === 'true' ? decodeURIComponent(page.NextMarker!) : undefined
    }
    expect(listed).toEqual(byBytes(keys))
  })

  it('lists by prefix and delimiter, a folder counting once, across pages', async () => {
    const server = closed(await s3Server())
    const client = s3Client(server)
    for (const key of ['a/1', 'a/2', 'b', 'c/1', 'c/2', 'd']) await server.put(key, key)
    const seen: (string | undefined)[] = []
    for (let Marker: string | undefined = '', pages = 0; Marker !== undefined && pages < 9; pages += 1) {
      const page: Awaited<ReturnType<typeof list>> = await list(Marker)
      seen.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix))
      seen.push(...(page.Contents ?? []).map(({ Key }) => Key))
      Marker = page.IsTruncated ? page.NextMarker : undefined
    }
    function list(Marker: string) {
      const query = { Bucket: server.bucket, Delimiter: '/', MaxKeys: 1, Marker }
      return client.send(new ListObjectsCommand(query))
    }
    expect(seen).toEqual(['a/', 'b', 'c/', 'd'])
    client.destroy()
  })

  it('lists parts and uploads page by page', async () => {
    const server = closed(await s3Server())
    const client = s3Client(server)
    const of = { Bucket: server.bucket, Key: 'x' }
    const ids: (string | undefined)[] = []
    for (let count = 0; count < 5; count += 1) {
      ids.push((await client.send(new CreateMultipartUploadCommand(of))).UploadId)
    }
    const UploadId = ids[0]
    for (const PartNumber of [7, 3, 9]) {
      await client.send(new UploadPartCommand({ ...of, UploadId, PartNumber, Body: 'x' }))
    }
    const first = await client.send(new ListPartsCommand({ ...of, UploadId, MaxParts: 2 }))
    expect([first.Parts?.map(({ PartNumber }) => PartNumber), first.IsTruncated]).toEqual([[3, 7], true])
    const PartNumberMarker = first.NextPartNumberMarker
    const second = await client.send(new ListPartsCommand({ ...of, UploadId, MaxParts: 2, PartNumberMarker }))
    expect([second.Parts?.map(({ PartNumber }) => PartNumber), second.IsTruncated]).toEqual([[9], false])
    const found: (string | undefined)[] = []
    let markers: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {}
    while (markers) {
      const query = { Bucket: server.bucket, Prefix: 'x', MaxUploads: 2, ...markers }
      const page: Awaited<ReturnType<typeof uploads>> = await uploads(query)
      found.push(...(page.Uploads ?? []).map((upload) => upload.UploadId))
      const { NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page
      markers = page.IsTruncated ? { KeyMarker, UploadIdMarker } : undefined
    }
    function uploads(query: { Bucket: string; Prefix: string; MaxUploads: number }) {
      return client.send(new ListMultipartUploadsCommand(query))
    }
    expect(found.sort()).toEqual(ids.sort())
    client.destroy()
  })

  it('synthetic objects of any size, whose bytes are the same from wherever they are read', async () => {
    const server = closed(await cosServer())
    const cos = cosClient(server)
    const size = 10 * 1024 ** 3
    const added = await server.addSynthetic('huge', size, {
      seed: 7,
      attributes: { contentType: 'video/mp4' },
    })
    const head = await cos.headObject({ ...at(server), Key: 'huge' })
    expect(head.headers).toMatchObject({ 'content-length': String(size), 'content-type': 'video/mp4' })
    const start = size - 3_000_000
    const got = await cos.getObject({ ...at(server), Key: 'huge', Range: `bytes=${start}-` })
    const whole = await collect(syntheticBytes(7, { start, end: size }))
    expect(got.Body.equals(whole)).toBe(true)
    const middle = await collect(syntheticBytes(7, { start: start + 1_048_570, end: start + 1_048_580 }))
    expect(middle.equals(whole.subarray(1_048_570, 1_048_580))).toBe(true)
    const other = await collect(syntheticBytes(8, { start, end: size }))
    expect(other.equals(whole)).toBe(false)
    expect(added.etag).toMatch(/^[0-9a-f]{32}-2$/)
  })

  it('synthetic objects with their true CRC-64', async () => {
    const server = closed(await cosServer())
    for (const size of [0, 1, 1_048_573, 5_000_000]) {
      const { crc64 } = await server.addSynthetic('s', size, { seed: 3 })
      const bytes = await collect(syntheticBytes(3, { start: 0, end: size }))
      expect(crc64).toBe(new Crc64().update(bytes).digest())
    }
  })

  it('bytes in a folder, which is empty again when the server is closed', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'server-'))
    const server = closed(await s3Server({ storage: { dir } }))
    const { url } = server
    const client = s3Client(server)
    const Body = Buffer.alloc(100_000, 'abc')
    for (const Key of ['a', 'a', 'b']) {
      await client.send(new PutObjectCommand({ Bucket: server.bucket, Key, Body }))
    }
    expect(await readdir(dir)).toHaveLength(2)
    expect((await server.object('a')?.bytes())?.equals(Body)).toBe(true)
    client.destroy()
    await server.close()
    expect(await readdir(dir)).toEqual([])
    await expect(raw(url)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await rm(dir, { recursive: true })
  })

  it('only sizes and digests, where bytes are discarded', async () => {
    const server = closed(await s3Server({ storage: 'discard' }))
    const client = s3Client(server)
    const of = { Bucket: server.bucket, Key: 'a' }
    const { ETag } = await client.send(new PutObjectCommand({ ...of, Body: 'abc' }))
    expect(server.object('a')).toMatchObject({ size: 3, etag: '900150983cd24fb0d6963f7d28e17f72' })
    expect(ETag).toBe('"900150983cd24fb0d6963f7d28e17f72"')
    await expect(client.send(new GetObjectCommand(of))).rejects.toMatchObject({ name: 'NotImplemented' })
    client.destroy()
  })

  it('attributes beyond ASCII', async () => {
    const server = closed(await cosServer())
    await server.put('a', 'x', {
      metadata: { title: '大文件' },
      contentDisposition: 'attachment; filename="é"',
    })
    const { headers = {} } = await cosClient(server).headObject({ ...at(server), Key: 'a' })
    const utf8 = (name: string) => Buffer.from(String(headers[name]), 'latin1').toString('utf8')
    expect([utf8('x-cos-meta-title'), utf8('content-disposition')]).toEqual([
      '大文件',
      'attachment; filename="é"',
    ])
  })

  it('counts connections and closes them, also in the middle of a reply', async () => {
    const server = closed(await s3Server())
    await server.addSynthetic('huge', 1024 ** 3)
    const client = s3Client(server)
    const got = await client.send(new GetObjectCommand({ Bucket: server.bucket, Key: 'huge' }))
    expect(server.connections).toMatchObject({ open: 1, opened: 1 })
    await server.close()
    await expect(got.Body?.transformToByteArray()).rejects.toThrow()
    expect(server.connections.open).toBe(0)
    client.destroy()
  })
})

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}
