import COS from 'cos-nodejs-sdk-v5'
import { describe, expect, it } from 'vitest'
import { cosApi } from '../../../src/adapters/cos/api'
import { Caller } from '../../../src/adapters/cos/caller'
import { Port } from '../../../src/adapters/cos/port'
import type { CosSdk } from '../../../src/adapters/cos/sdk'
import { StoreConnections } from '../../../src/adapters/object-store/connections'
import { createLifecycle } from '../../../src/lifecycle'
import { answering, failure, pair, plain, region } from './servers'

const contents = (key: string) =>
  `<Contents><Key>${key}</Key><Size>1</Size><ETag>"e"</ETag><LastModified>2026-01-02T03:04:05.000Z</LastModified></Contents>`

async function keysOf(list: AsyncIterable<{ key: string }>): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of list) keys.push(key)
  return keys
}

describe('lists of objects', () => {
  it('follow NextMarker, decoded, to the last page', async () => {
    const asked: string[] = []
    await using at = await answering((request, response) => {
      const { searchParams } = new URL(request.url!, 'http://host')
      asked.push(searchParams.get('marker') ?? '')
      const more = asked.length < 3
      const marker = more ? `<NextMarker>${encodeURIComponent(`页 ${asked.length}`)}</NextMarker>` : ''
      response.end(
        `<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>${more}</IsTruncated>${marker}${contents(`k${asked.length}`)}</ListBucketResult>`,
      )
    })
    expect(await keysOf(at.store.list())).toEqual(['k1', 'k2', 'k3'])
    expect(asked).toEqual(['', '页 1', '页 2'])
  })

  it('go on after the last key where there is no NextMarker', async () => {
    const asked: string[] = []
    await using at = await answering((request, response) => {
      asked.push(new URL(request.url!, 'http://host').searchParams.get('marker') ?? '')
      const more = asked.length < 2
      response.end(
        `<ListBucketResult><IsTruncated>${more}</IsTruncated>${contents(`a%20${asked.length}`)}</ListBucketResult>`,
      )
    })
    // Without EncodingType the keys were not encoded.
    expect(await keysOf(at.store.list())).toEqual(['a%201', 'a%202'])
    expect(asked).toEqual(['', 'a%201'])
  })

  it('that lead in a circle are an error, not an endless list', async () => {
    await using at = await answering((_request, response) =>
      response.end(
        `<ListBucketResult><IsTruncated>true</IsTruncated><NextMarker>k</NextMarker>${contents('k')}</ListBucketResult>`,
      ),
    )
    expect((await failure(keysOf(at.store.list()))).code).toBe('SERVER_ERROR')
  })

  it('tell size, time, version and ETag', async () => {
    await using at = await answering((_request, response) =>
      response.end(`<ListBucketResult><IsTruncated>false</IsTruncated>${contents('k')}</ListBucketResult>`),
    )
    for await (const info of at.store.list()) {
      expect(info).toEqual({
        key: 'k',
        size: 1,
        version: '"e"',
        etag: 'e',
        lastModified: new Date('2026-01-02T03:04:05Z'),
      })
    }
  })
})

describe('lists of parts', () => {
  it('follow the marker to the last page', async () => {
    const asked: string[] = []
    await using at = await answering((request, response) => {
      const { searchParams } = new URL(request.url!, 'http://host')
      if (request.method === 'POST')
        return response.end(
          '<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>',
        )
      asked.push(searchParams.get('part-number-marker') ?? '')
      const number = asked.length
      const next = number < 2 ? `<NextPartNumberMarker>${number}</NextPartNumberMarker>` : ''
      const part = `<Part><PartNumber>${number}</PartNumber><ETag>"p${number}"</ETag><Size>5</Size></Part>`
      return response.end(
        `<ListPartsResult><IsTruncated>${number < 2}</IsTruncated>${next}${part}</ListPartsResult>`,
      )
    })
    const session = await at.store.sink('key').begin(plain)
    expect(await session.listParts!()).toEqual([
      { index: 0, size: 5, etag: 'p1' },
      { index: 1, size: 5, etag: 'p2' },
    ])
    expect(asked).toEqual(['', '1'])
  })

  it('of an upload that is gone are SESSION_LOST', async () => {
    await using at = await pair()
    const session = await at.store.sink('key').begin(plain)
    await session.abort()
    expect((await failure(session.listParts!())).code).toBe('SESSION_LOST')
  })
})

describe('lists of uploads', () => {
  it('follow both markers, and leave out keys that only begin alike', async () => {
    const asked: string[] = []
    const upload = (key: string, id: string) =>
      `<Upload><Key>${key}</Key><UploadId>${id}</UploadId><Initiated>2026-01-02T03:04:05.000Z</Initiated></Upload>`
    await using at = await answering((request, response) => {
      const { searchParams } = new URL(request.url!, 'http://host')
      asked.push(`${searchParams.get('key-marker')} ${searchParams.get('upload-id-marker')}`)
      const more = asked.length < 2
      const next = more
        ? '<NextKeyMarker>a%20b</NextKeyMarker><NextUploadIdMarker>u1</NextUploadIdMarker>'
        : ''
      response.end(
        `<ListMultipartUploadsResult><EncodingType>url</EncodingType><IsTruncated>${more}</IsTruncated>${next}` +
          `${upload('a%20b', `u${asked.length}`)}${upload('a%20b.tmp', 'other')}</ListMultipartUploadsResult>`,
      )
    })
    const credentials = { SecretId: 'AKID', SecretKey: 'key' }
    const client = new COS({ ...credentials, Protocol: 'http:', Domain: new URL(at.endpoint).host })
    const port = new Port({
      sdk: client as unknown as CosSdk,
      bucket: 'archive-1250000000',
      region,
      connections: new StoreConnections(createLifecycle()),
    })
    const found = await cosApi(new Caller(port), 'archive-1250000000').listUploads('a b', {})
    expect(found.map(({ uploadId }) => uploadId)).toEqual(['u1', 'u2'])
    expect(asked).toEqual(['null null', 'a b u1'])
  })
})
