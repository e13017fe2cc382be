import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { WriteSession } from '../../../src/contract/sink'
import { crc64 } from '../../../src/testing'
import { answering, bodyOf, failure, pair, part, plain } from './servers'

const mebibyte = 1024 ** 2
const bytes = Buffer.alloc(mebibyte, 'sluiceway')
const digests = (of: Uint8Array) => ({ md5: createHash('md5').update(of).digest('hex'), crc64: crc64(of) })

describe('answers that say success', () => {
  const attempts: Record<string, (session: WriteSession) => Promise<unknown>> = {
    UploadPart: (session) => session.writePart(part(10), bodyOf(Buffer.alloc(10))),
    CompleteMultipartUpload: async (session) =>
      session.commit([await session.writePart(part(10), bodyOf(Buffer.alloc(10)))]),
    ListParts: (session) => session.listParts!(),
  }
  for (const [operation, attempt] of Object.entries(attempts)) {
    it(`and nothing else are none: an empty 200 to ${operation}`, async () => {
      await using at = await pair()
      const session = await at.store.sink('key').begin(plain)
      at.server.misbehave({ when: { operation: operation as 'UploadPart' }, fault: { type: 'empty-200' } })
      expect(await failure(attempt(session))).toMatchObject({ code: 'SERVER_ERROR', retry: 'temporary' })
      at.server.behave()
      await session.abort()
    })
  }

  it('and nothing else are none: an empty 200 to a new upload, a PUT, a HEAD', async () => {
    await using at = await pair()
    at.server.misbehave({ times: 100, fault: { type: 'empty-200' } })
    expect((await failure(at.store.sink('key').begin(plain))).code).toBe('SERVER_ERROR')
    expect((await failure(at.store.source('key').stat())).code).toBe('SERVER_ERROR')
    expect((await failure(at.store.sink('key').put!(plain, bytes, digests(bytes)))).code).toBe('SERVER_ERROR')
    at.server.behave()
  })

  it('and carry an error are judged by it: a completion of 200 with <Error>', async () => {
    await using at = await pair()
    const session = await at.store.sink('key').begin(plain)
    const receipt = await session.writePart(part(10), bodyOf(Buffer.alloc(10)))
    const when = { operation: 'CompleteMultipartUpload' } as const
    at.server.misbehave({ when, fault: { type: 'error-in-200', code: 'SlowDown' } })
    expect(await failure(session.commit([receipt]))).toMatchObject({ code: 'THROTTLED', retry: 'temporary' })
    await session.commit([receipt])
    expect(at.server.object('key')?.size).toBe(10)
  })

  it('and break off are none: half a listing is not taken for a whole one', async () => {
    await using at = await answering((_request, response) =>
      response.end(
        '<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a</Key><Size>1</Size></Contents>',
      ),
    )
    const list = async () => {
      for await (const _info of at.store.list());
    }
    expect((await failure(list())).code).toBe('SERVER_ERROR')
  })

  it('are believed when they begin with blanks, as the answer to a long completion does', async () => {
    await using at = await answering((request, response) => {
      request.resume()
      if (request.url?.includes('uploads'))
        response.end(xml('InitiateMultipartUploadResult', '<UploadId>1</UploadId>'))
      else if (request.method === 'PUT') response.writeHead(200, { etag: '"part"' }).end()
      else if (request.method === 'HEAD') {
        const headers = {
          etag: '"whole-1"',
          'content-length': 10,
          'x-cos-hash-crc64ecma': '77',
          'x-cos-version-id': 'v1',
        }
        response.writeHead(200, headers).end()
      } else {
        response.write('   \n')
        response.end(
          `<?xml version="1.0"?>\n${xml('CompleteMultipartUploadResult', '<ETag>&quot;whole-1&quot;</ETag>')}`,
        )
      }
    })
    const session = await at.store.sink('key').begin(plain)
    const receipt = await session.writePart(part(10), bodyOf(Buffer.alloc(10)))
    // Its headers went out before the CRC64 was known, so it is asked for.
    expect(await session.commit([receipt])).toMatchObject({
      etag: 'whole-1',
      crc64: '77',
      version: 'v1',
      size: 10,
    })
  })
})

describe('errors', () => {
  it('of the network are real ones, where the SDK gives plain objects', async () => {
    await using at = await pair()
    at.server.misbehave({ fault: { type: 'reset' } })
    const error = await failure(at.store.source('key').stat())
    expect(error.cause).toBeInstanceOf(Error)
    expect(error.cause).toMatchObject({ code: 'ECONNRESET' })
    expect((error.cause as Error).stack).toContain('Error')
    expect(error.context).toMatchObject({ location: `cos:${at.server.bucket}/key`, operation: 'HEAD' })
  })

  it('of a HEAD are told by the status, since its answer has no body', async () => {
    await using at = await pair()
    expect(await failure(at.store.source('key').stat())).toMatchObject({
      code: 'NOT_FOUND',
      cause: { code: '404', statusCode: 404 },
    })
  })

  it('of a header that cannot be sent are permanent', async () => {
    const credentials = { secretId: 'AKID', secretKey: 'key', securityToken: 'with\u00e9' }
    await using at = await pair({}, { credentials: async () => credentials })
    const error = await failure(at.store.source('key').stat())
    expect(error).toMatchObject({ code: 'INVALID_OPTION', retry: 'permanent' })
    expect(at.server.requests).toEqual([])
  })
})

const xml = (name: string, content: string) => `<${name}>${content}</${name}>`
