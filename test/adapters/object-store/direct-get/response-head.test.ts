import { describe, expect, it } from 'vitest'
import { parseResponseHead } from '../../../../src/adapters/object-store/direct-get/response-head'

const parse = (...lines: string[]) => parseResponseHead(Buffer.from(lines.join('\r\n'), 'latin1'))
const ok = 'HTTP/1.1 200 OK'
const length = 'Content-Length: 5'

describe('the head of a plain response', () => {
  it('is taken apart, with names in lower case and values without the spaces around them', () => {
    expect(parse(ok, length, 'ETag: "abc"', 'X-Amz-Meta-Odd: \t a  b \t', 'Empty:')).toEqual({
      statusCode: 200,
      headers: { 'content-length': '5', etag: '"abc"', 'x-amz-meta-odd': 'a  b', empty: '' },
      contentLength: 5,
      keepAlive: true,
    })
  })

  it.each([200, 206, 301, 400, 403, 404, 412, 416, 500, 503])('may have the status %i', (status) => {
    expect(parse(`HTTP/1.1 ${status} Whatever`, length)?.statusCode).toBe(status)
  })

  it('may have an empty reason', () => {
    expect(parse('HTTP/1.1 206 ', length)?.statusCode).toBe(206)
  })

  it('keeps the bytes of a value beyond ASCII, the one that JavaScript takes for a space included', () => {
    expect(parse(ok, length, 'X-A: \xa0\xe4\xff\xa0')?.headers['x-a']).toBe('\xa0\xe4\xff\xa0')
  })

  it('says whether the connection stays', () => {
    expect(parse(ok, length, 'Connection: Keep-Alive')?.keepAlive).toBe(true)
    expect(parse(ok, length, 'Connection: Close')?.keepAlive).toBe(false)
  })

  it('may announce an empty body, and one larger than any object', () => {
    expect(parse(ok, 'Content-Length: 0')?.contentLength).toBe(0)
    expect(parse(ok, 'Content-Length: 999999999999999')?.contentLength).toBe(999_999_999_999_999)
  })
})

describe('a head that leaves a doubt', () => {
  it.each([
    ['an interim status', ['HTTP/1.1 100 Continue', length]],
    ['a change of protocol', ['HTTP/1.1 101 Switching Protocols', length]],
    ['a status without a body', ['HTTP/1.1 204 No Content', length]],
    ['not modified', ['HTTP/1.1 304 Not Modified', length]],
    [
      'a timeout of the server, which may not be about this request',
      ['HTTP/1.1 408 Request Timeout', length],
    ],
    ['a status beyond HTTP', ['HTTP/1.1 600 What', length]],
    ['HTTP/1.0', ['HTTP/1.0 200 OK', length]],
    ['HTTP/2', ['HTTP/2 200', length]],
    ['a status of two digits', ['HTTP/1.1 20 OK', length]],
    ['no space behind the status', ['HTTP/1.1 200', length]],
    ['no status line', [length]],
    ['nothing at all', ['']],
    ['no length', [ok, 'ETag: "a"']],
    ['an empty length', [ok, 'Content-Length:']],
    ['a negative length', [ok, 'Content-Length: -1']],
    ['a length with a sign', [ok, 'Content-Length: +5']],
    ['a length in hex', [ok, 'Content-Length: 0x5']],
    ['two lengths in one', [ok, 'Content-Length: 5, 5']],
    ['a length beyond exact numbers', [ok, 'Content-Length: 9007199254740993']],
    ['two lengths', [ok, length, 'content-length: 5']],
    ['a transfer coding', [ok, 'Transfer-Encoding: chunked']],
    ['a transfer coding beside a length', [ok, length, 'Transfer-Encoding: chunked']],
    ['a header twice', [ok, length, 'Vary: a', 'vary: b']],
    ['a folded header', [ok, length, 'X-A: a', ' b']],
    ['a header without a colon', [ok, length, 'X-A']],
    ['a header without a name', [ok, length, ': a']],
    ['a space before the colon', [ok, length, 'X-A : a']],
    ['an upgrade', [ok, length, 'Connection: upgrade', 'Upgrade: h2c']],
    ['a bare line feed', [`${ok}\n${length}`]],
    ['a bare carriage return in a value', [ok, length, 'X-A: a\rb']],
    ['a NUL in a value', [ok, length, 'X-A: a\0b']],
    ['a DEL in a value', [ok, length, 'X-A: a\x7fb']],
    ['a NUL in the reason', ['HTTP/1.1 200 O\0K', length]],
    ['an empty line in front', ['', ok, length]],
  ])('is refused: %s', (_, lines) => {
    expect(parse(...lines)).toBeUndefined()
  })
})
