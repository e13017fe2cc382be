import COS from 'cos-nodejs-sdk-v5'
import { describe, expect, it } from 'vitest'
import { Signer } from '../../../src/adapters/cos/signature'

const keys = { secretId: 'id', secretKey: 'secret' }
const now = new Date('2026-01-01T00:00:42Z')

describe('the signature of a request', () => {
  it.each<[string, object]>([
    ['of a plain key', {}],
    ['of a key of everything', { pathname: '/a b//%20+?#&=;:@$,!*\'()~[]{}|\\^`<>"/文件 😀' }],
    ['with a version', { query: { versionId: "v/1 2+'(" } }],
    ['with a range and a pin', { headers: { Range: 'bytes=0-1', 'If-Match': '"a b"', Host: 'h:1' } }],
    [
      'with a body and attributes',
      {
        method: 'PUT',
        headers: {
          'Content-Length': '3',
          'Content-MD5': 'kAFQmDzST7DWlj99KOF/cg==',
          'Content-Type': 'text/plain; charset=utf-8',
          'Cache-Control': '',
          'x-cos-meta-a': "b c%20!'()*",
          'x-cos-forbid-overwrite': 'true',
          'User-Agent': 'u',
          Host: 'h',
        },
      },
    ],
  ])('is that of the SDK: %s', (_, given) => {
    const request = { method: 'GET', pathname: '/k', query: {}, headers: { Host: 'h' }, ...given }
    const signature = new Signer().sign(request, keys, now)
    const headers = Object.entries(request.headers).filter(([, value]) => value !== '')
    expect(signature).toBe(
      COS.getAuthorization({
        SecretId: keys.secretId,
        SecretKey: keys.secretKey,
        Method: request.method as 'GET',
        Pathname: request.pathname,
        Query: request.query,
        Headers: Object.fromEntries(headers),
        KeyTime: /q-key-time=([\d;]+)/.exec(signature)![1],
      } as never),
    )
  })

  it('is good for 15 minutes from any second of it', () => {
    const signer = new Signer()
    for (const second of [0, 1, 59, 60, 61]) {
      const at = new Date(Date.parse('2026-01-01T00:00:00Z') + second * 1000)
      const text = signer.sign({ method: 'GET', pathname: '/', query: {}, headers: {} }, keys, at)
      const [start, end] = /q-sign-time=(\d+);(\d+)/.exec(text)!.slice(1).map(Number) as [number, number]
      expect(start).toBeLessThan(at.getTime() / 1000)
      expect(end).toBeGreaterThanOrEqual(at.getTime() / 1000 + 899)
    }
  })

  it('follows the keys when they change', () => {
    const request = { method: 'GET', pathname: '/', query: {}, headers: {} }
    const signer = new Signer()
    const first = signer.sign(request, keys, now)
    const other = signer.sign(request, { ...keys, secretKey: 'another' }, now)
    expect(other).not.toBe(first)
    expect(signer.sign(request, keys, now)).toBe(first)
  })
})
