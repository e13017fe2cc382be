import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cos } from '../../../src/adapters/cos'
import { attributeHeaders, readAttributes } from '../../../src/adapters/cos/attributes'
import type { ObjectAttributes } from '../../../src/contract/source'
import { failure, pair, plain } from './servers'

const back = (headers: Record<string, string>) =>
  readAttributes(
    Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value.trim()])),
  )

describe('attributes', () => {
  it('come back as they were', () => {
    const attributes = {
      contentType: 'video/mp4',
      cacheControl: 'no-cache',
      contentDisposition: `attachment; filename*=UTF-8''%E4%B8%AD.mov`,
      contentEncoding: 'gzip',
      storageClass: 'STANDARD_IA',
      metadata: { origin: 'a%20b 100% f+g' },
    }
    expect(back(attributeHeaders(attributes))).toEqual(attributes)
  })

  it('of metadata come back whatever text they are, in headers of printable ASCII', () => {
    // What looks like percent-encoded bytes beyond ASCII already is taken for that.
    const text = fc
      .string({ unit: 'grapheme', maxLength: 50 })
      .filter((value) => !/%[0189a-f]|%7f|^%20|%20$/i.test(value))
    fc.assert(
      fc.property(text, (value) => {
        const headers = attributeHeaders({ metadata: { name: value } })
        expect(headers['x-cos-meta-name']).toMatch(/^[ -~]*$/)
        expect(back(headers).metadata).toEqual({ name: value })
      }),
    )
  })

  it('of metadata that others wrote as raw UTF-8, or as bytes that are none, are read', () => {
    const raw = Buffer.from('中文').toString('latin1')
    expect(readAttributes({ 'x-cos-meta-a': raw, 'x-cos-meta-b': '%FF' }).metadata).toEqual({
      a: '中文',
      b: '%FF',
    })
  })

  it('get a file name that is not ASCII percent-encoded, as COS wants it', () => {
    const { 'Content-Disposition': header } = attributeHeaders({
      contentDisposition: 'attachment; filename="中.mov"',
    })
    expect(header).toBe('attachment; filename="%E4%B8%AD.mov"')
  })

  it('of the store are asked for no type where there is none', () => {
    expect(attributeHeaders({})).toEqual({ 'Content-Type': '' })
  })

  const unsupported: ObjectAttributes[] = [
    { metadata: { under_score: '1' } },
    { metadata: { 'two words': '1' } },
    { metadata: { half: '\ud800' } },
    { contentType: 'text/plain\r\nx-cos-acl: public-read' },
    { cacheControl: '不' },
    { contentDisposition: 'a\nb' },
  ]
  for (const attributes of unsupported) {
    it(`${JSON.stringify(attributes)} are UNSUPPORTED, before anything is sent`, async () => {
      await using at = await pair()
      expect(() => at.store.sink('key', attributes)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }))
      expect((await failure(at.store.sink('key').begin({ ...plain, attributes }))).code).toBe('UNSUPPORTED')
      expect(at.server.requests).toEqual([])
    })
  }

  it('survive the way to the server and back, signature included', async () => {
    await using at = await pair()
    const attributes = { contentDisposition: 'inline', metadata: { title: ' 中文 😀\n100% ', empty: '' } }
    const session = await at.store.sink('key').begin({ ...plain, attributes })
    await session.commit([])
    expect(await at.store.source('key').stat()).toMatchObject(attributes)
  })

  it('name a storage class that COS does not know', async () => {
    await using at = await pair()
    const object = { ...plain, attributes: { storageClass: 'GLACIER' } }
    expect((await failure(at.store.sink('key').begin(object))).code).toBe('INVALID_OPTION')
  })

  it('are all that a sink can store', () => {
    const store = cos({
      bucket: 'a-1',
      region: 'ap-guangzhou',
      credentials: { secretId: 'a', secretKey: 'b' },
    })
    expect(store.sink('key').capabilities.attributes).toHaveLength(6)
  })
})
