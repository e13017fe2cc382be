import { describe, expect, it } from 'vitest'
import { InDoubt, ResponseReader } from '../../../../src/adapters/object-store/direct-get/response-reader'
import { headOf, reply } from './raw-server'

const bytes = (text: string) => Buffer.from(text, 'latin1')
const failure = new Error('the network failed')

/** What the reader says is of the body, when these pieces come one by one. */
function read(reader: ResponseReader, ...pieces: string[]): string {
  return pieces.map((piece) => Buffer.from(reader.receive(bytes(piece))).toString('latin1')).join('')
}

describe('a response that comes in pieces', () => {
  it('is the same wherever it is cut', () => {
    const text = reply('hello\r\n\r\nworld', 'ETag: "a"')
    for (let cut = 0; cut <= text.length; cut++) {
      const reader = new ResponseReader()
      expect(read(reader, text.slice(0, cut), text.slice(cut))).toBe('hello\r\n\r\nworld')
      expect(reader.head?.headers).toEqual({ 'content-length': '14', etag: '"a"' })
    }
  })

  it('is the same byte by byte', () => {
    expect(read(new ResponseReader(), ...reply('hello'))).toBe('hello')
  })

  it('gives the body where it lies, and copies nothing of it', () => {
    const reader = new ResponseReader()
    const received = bytes(`${headOf(10)}01234`)
    const body = reader.receive(received)
    expect(body.buffer).toBe(received.buffer)
    expect(body.byteOffset).toBe(received.byteOffset + headOf(10).length)
    const rest = bytes('56789')
    expect(reader.receive(rest).byteOffset).toBe(rest.byteOffset)
  })

  it('ends at its length, and says that there was more', () => {
    const reader = new ResponseReader()
    read(reader, headOf(3))
    expect(reader.complete).toBe(false)
    expect(read(reader, 'abcdef')).toBe('abc')
    expect(reader).toMatchObject({ complete: true, surplus: true })
  })

  it('sees surplus that came in one piece with the head', () => {
    const reader = new ResponseReader()
    expect(read(reader, `${reply('abc')}HTTP/1.1 200 OK`)).toBe('abc')
    expect(reader).toMatchObject({ complete: true, surplus: true })
  })

  it('may be empty', () => {
    const reader = new ResponseReader()
    expect(read(reader, headOf(0))).toBe('')
    expect(reader).toMatchObject({ complete: true, surplus: false })
  })
})

describe('a response that fails', () => {
  it('keeps the first error', () => {
    const reader = new ResponseReader()
    reader.fail(failure)
    reader.fail(new Error('a later one'))
    expect(reader.failure).toBe(failure)
  })

  it('with an unusual head, is in doubt', () => {
    const reader = new ResponseReader()
    expect(read(reader, 'HTTP/1.1 204 No Content\r\n\r\nabc')).toBe('')
    expect(reader.head).toBeUndefined()
    expect(reader.failure).toBeInstanceOf(InDoubt)
  })

  it('with a head larger than 16 KiB, is in doubt, whether it ends or not, in one piece or several', () => {
    const large = `HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-A: ${'a'.repeat(16 * 1024)}`
    for (const text of [large, `${large}\r\n\r\n`]) {
      for (const cut of [text.length, 10, 16 * 1024, 16 * 1024 + 2]) {
        const reader = new ResponseReader()
        expect(read(reader, text.slice(0, cut), text.slice(cut))).toBe('')
        expect(reader.failure).toBeInstanceOf(InDoubt)
      }
    }
  })

  it('takes a head of 16 KiB', () => {
    const start = 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nX-A: '
    const text = `${start}${'a'.repeat(16 * 1024 - start.length)}\r\n\r\nb`
    for (const cut of [text.length, 10, 16 * 1024, 16 * 1024 + 3]) {
      expect(read(new ResponseReader(), text.slice(0, cut), text.slice(cut))).toBe('b')
    }
  })
})
