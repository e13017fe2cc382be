import { describe, expect, it } from 'vitest'
import { InDoubt, ResponseReader } from '../../../../src/adapters/object-store/direct-get/response-reader'
import { headOf, reply } from './raw-server'

const bytes = (text: string) => Buffer.from(text, 'latin1')
const failure = new Error('the network failed')

async function rest(reader: ResponseReader): Promise<string> {
  let text = ''
  for (let chunk = await reader.next(); chunk; chunk = await reader.next())
    text += Buffer.from(chunk.bytes).toString('latin1')
  return text
}

describe('a response that comes in pieces', () => {
  it('is the same wherever it is cut', async () => {
    const text = reply('hello\r\n\r\nworld', 'ETag: "a"')
    for (let cut = 0; cut <= text.length; cut++) {
      const reader = new ResponseReader()
      reader.receive(bytes(text.slice(0, cut)), 0)
      reader.receive(bytes(text.slice(cut)), 1)
      expect((await reader.head()).headers).toEqual({ 'content-length': '14', etag: '"a"' })
      expect(await rest(reader)).toBe('hello\r\n\r\nworld')
    }
  })

  it('is the same byte by byte', async () => {
    const reader = new ResponseReader()
    for (const byte of bytes(reply('hello'))) reader.receive(Buffer.from([byte]), 0)
    expect(await rest(reader)).toBe('hello')
  })

  it('keeps no buffer for what came with the head', async () => {
    const reader = new ResponseReader()
    const buffer = bytes(`${headOf(10)}01234`)
    expect(reader.receive(buffer, 0)).toBe(false)
    buffer.fill('!')
    expect(reader.receive(bytes('56789'), 0)).toBe(true)
    expect(await reader.next()).toEqual({ bytes: bytes('01234') })
    expect(await reader.next()).toEqual({ bytes: bytes('56789'), buffer: 0 })
    expect(await reader.next()).toBeUndefined()
  })

  it('wakes whoever waits for it', async () => {
    const reader = new ResponseReader()
    const head = reader.head()
    const text = head.then(() => rest(reader))
    reader.receive(bytes(headOf(2)), 0)
    await head
    reader.receive(bytes('a'), 0)
    reader.receive(bytes('b'), 1)
    expect(await text).toBe('ab')
  })

  it('ends at its length, and says that there was more', async () => {
    const reader = new ResponseReader()
    reader.receive(bytes(headOf(3)), 0)
    expect(reader.complete).toBe(false)
    reader.receive(bytes('abcdef'), 0)
    expect(reader).toMatchObject({ complete: true, surplus: true })
    expect(await rest(reader)).toBe('abc')
  })

  it('sees surplus that came in one piece with the head', async () => {
    const reader = new ResponseReader()
    reader.receive(bytes(`${reply('abc')}HTTP/1.1 200 OK`), 0)
    expect(reader).toMatchObject({ complete: true, surplus: true })
    expect(await rest(reader)).toBe('abc')
  })

  it('may be empty', async () => {
    const reader = new ResponseReader()
    reader.receive(bytes(headOf(0)), 0)
    expect(reader).toMatchObject({ complete: true, surplus: false })
    expect(await reader.next()).toBeUndefined()
  })
})

describe('a response that fails', () => {
  it('before its head is whole, fails the head', async () => {
    const reader = new ResponseReader()
    const head = reader.head()
    reader.receive(bytes('HTTP/1.1 200 OK\r\nConte'), 0)
    reader.fail(failure)
    await expect(head).rejects.toBe(failure)
    await expect(reader.head()).rejects.toBe(failure)
  })

  it('in its body, gives what came and then the error, every time', async () => {
    const reader = new ResponseReader()
    reader.receive(bytes(`${headOf(10)}abc`), 0)
    reader.fail(failure)
    reader.fail(new Error('a later one'))
    expect((await reader.next())?.bytes).toEqual(bytes('abc'))
    await expect(reader.next()).rejects.toBe(failure)
    await expect(reader.next()).rejects.toBe(failure)
  })

  it('after its last byte, is whole', async () => {
    const reader = new ResponseReader()
    reader.receive(bytes(reply('abc')), 0)
    reader.fail(failure)
    expect(await rest(reader)).toBe('abc')
  })

  it('with an unusual head, is in doubt', async () => {
    const reader = new ResponseReader()
    reader.receive(bytes('HTTP/1.1 204 No Content\r\n\r\n'), 0)
    await expect(reader.head()).rejects.toBeInstanceOf(InDoubt)
  })

  it('with a head larger than 16 KiB, is in doubt, whether it ends or not', async () => {
    const large = `HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-A: ${'a'.repeat(16 * 1024)}`
    for (const text of [large, `${large}\r\n\r\n`]) {
      const reader = new ResponseReader()
      reader.receive(bytes(text), 0)
      await expect(reader.head()).rejects.toBeInstanceOf(InDoubt)
    }
  })
})
