import { once } from 'node:events'
import { request } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type CosServer, cosServer, type Fault, s3Server } from '../../../src/testing/servers'
import { at, cosClient, cosUrl, raw } from './clients'

const bytes = Buffer.from('0123456789'.repeat(1000))

describe('misbehaviour of a server, as a raw client sees it', () => {
  let server: CosServer
  beforeEach(async () => {
    server = await cosServer()
    await server.put('key', bytes)
  })
  afterEach(() => server.close())

  const get = (fault: Fault, headers: Record<string, string> = {}) => {
    server.misbehave({ fault })
    return raw(cosUrl(server, 'GET', 'key'), { headers })
  }
  const put = (fault: Fault, body: Buffer = bytes) => {
    server.misbehave({ fault })
    return raw(cosUrl(server, 'PUT', 'new'), { method: 'PUT' }, body)
  }

  it('answers any status, code and header', async () => {
    const { status, headers, body } = await get({
      type: 'status',
      status: 503,
      headers: { 'retry-after': '7' },
    })
    expect([status, headers['retry-after']]).toEqual([503, '7'])
    expect(body.toString()).toContain('<Code>SlowDown</Code>')
  })

  it('resets before an answer', async () => {
    await expect(get({ type: 'reset' })).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  it('closes without an answer, or in the middle of a request body', async () => {
    await expect(get({ type: 'close' })).rejects.toMatchObject({ code: 'ECONNRESET' })
    const closed = put({ type: 'close-request', after: 10 }, Buffer.alloc(3_000_000))
    await expect(closed).rejects.toThrow(/ECONNRESET|EPIPE|hang up/)
    expect(server.object('new')).toBeUndefined()
  })

  it('goes away and comes back with what it has stored', async () => {
    await expect(get({ type: 'outage' })).rejects.toMatchObject({ code: 'ECONNRESET' })
    await expect(raw(cosUrl(server, 'GET', 'key'))).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    server.behave()
    await expect.poll(() => raw(cosUrl(server, 'GET', 'key'))).toMatchObject({ body: bytes })
    await expect(get({ type: 'outage', ms: 20 })).rejects.toMatchObject({ code: 'ECONNRESET' })
    await expect.poll(() => raw(cosUrl(server, 'GET', 'key'))).toMatchObject({ body: bytes })
  })

  it('can be closed while it is away', async () => {
    await expect(get({ type: 'outage', ms: 20 })).rejects.toMatchObject({ code: 'ECONNRESET' })
    await server.close()
    await new Promise((resolve) => setTimeout(resolve, 60))
    await expect(raw(cosUrl(server, 'GET', 'key'))).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('reads a request body slowly', async () => {
    const start = performance.now()
    await put({ type: 'drip-request', bytesPerSecond: 100_000 })
    expect(performance.now() - start).toBeGreaterThanOrEqual(90)
    expect(server.object('new')?.size).toBe(bytes.length)
  })

  it('has the date of its own clock in its answers', async () => {
    const now = new Date('2030-01-02T03:04:05Z')
    const late = await s3Server({ now: () => now })
    const { headers } = await raw(late.url)
    expect(headers.date).toBe(now.toUTCString())
    await late.close()
  })

  it('resets in the middle of a request body, and stores nothing', async () => {
    await expect(put({ type: 'reset-request', after: 10 }, Buffer.alloc(3_000_000))).rejects.toThrow(
      /ECONNRESET|EPIPE/,
    )
    expect(server.object('new')).toBeUndefined()
  })

  it('resets in the middle of a reply', async () => {
    const { status, body, error } = await get({ type: 'reset-response', after: 1234 })
    expect([status, body.length, error?.code]).toEqual([200, 1234, 'ECONNRESET'])
  })

  it('stays silent until the client gives up, or for a while', async () => {
    server.misbehave({ fault: { type: 'stall' } })
    const silent = request(cosUrl(server, 'GET', 'key'), { agent: false, timeout: 50 }).end()
    await once(silent, 'timeout')
    silent.on('error', () => {})
    silent.destroy()
    const later = await get({ type: 'stall', ms: 20 })
    expect(later.body.equals(bytes)).toBe(true)
  })

  it('stops reading a request body: the client is held back for good', async () => {
    server.misbehave({ fault: { type: 'stall-request', after: 1000 } })
    const size = 64 * 1024 ** 2
    const sent = request(cosUrl(server, 'PUT', 'new'), {
      agent: false,
      method: 'PUT',
      headers: { 'content-length': size },
    })
    sent.on('error', () => {})
    const chunk = Buffer.alloc(1024 ** 2)
    let written = 0
    while (sent.write(chunk) || (await moves(sent))) written += chunk.length
    expect(written).toBeLessThan(size / 2)
    expect(server.requests.at(-1)?.bytesReceived).toBeLessThan(size / 4)
    sent.destroy()
  })

  it('stops sending in the middle of a reply, with the connection open', async () => {
    server.misbehave({ fault: { type: 'stall-response', after: 4321 } })
    const sent = request(cosUrl(server, 'GET', 'key'), { agent: false }).end()
    const [response] = await once(sent, 'response')
    let received = 0
    for await (const chunk of response.iterator({ destroyOnReturn: false })) {
      received += chunk.length
      if (received === 4321) break
    }
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect([response.complete, response.destroyed]).toEqual([false, false])
    sent.destroy()
  })

  it('drips', async () => {
    const start = performance.now()
    const { body } = await get({ type: 'drip', bytesPerSecond: 100_000 })
    expect(body.equals(bytes)).toBe(true)
    expect(performance.now() - start).toBeGreaterThanOrEqual(90)
  })

  it('ends a reply early', async () => {
    const { headers, body, error } = await get({ type: 'truncate', after: 1000 })
    expect([headers['content-length'], body.length]).toEqual(['10000', 1000])
    expect(error).toBeDefined()
  })

  it('sends too little, or too much, and says so in Content-Length', async () => {
    const short = await get({ type: 'short-length', bytes: 10 })
    expect([short.headers['content-length'], short.body.length, short.error]).toEqual([
      '9990',
      9990,
      undefined,
    ])
    const long = await get({ type: 'extra-bytes', bytes: 10 }, { range: 'bytes=0-99' })
    expect([long.status, long.headers['content-range'], long.body.length]).toEqual([
      206,
      'bytes 0-99/10000',
      110,
    ])
  })

  it('flips a byte of a reply, and not of what is stored', async () => {
    const { body } = await get({ type: 'corrupt-response', at: 5000 })
    expect(body[5000]).toBe(bytes[5000]! ^ 0xff)
    expect(body.subarray(0, 5000).equals(bytes.subarray(0, 5000))).toBe(true)
    expect(await server.object('key')?.bytes()).toEqual(bytes)
  })

  it('damages a body on its way in: digests are those of the damaged bytes', async () => {
    const { headers } = await put({ type: 'corrupt-request', at: 3 })
    const stored = server.object('new')
    expect((await stored?.bytes())?.[3]).toBe(bytes[3]! ^ 0xff)
    expect(headers['x-cos-hash-crc64ecma']).toBe(stored?.crc64)
    expect(stored?.crc64).not.toBe(server.object('key')?.crc64)
  })

  it('damages a body at rest: digests are those of the sound bytes', async () => {
    const { headers } = await put({ type: 'corrupt-at-rest', at: 3 })
    expect((await server.object('new')?.bytes())?.[3]).toBe(bytes[3]! ^ 0xff)
    expect(headers['x-cos-hash-crc64ecma']).toBe(server.object('key')?.crc64)
    expect(headers.etag).toBe(`"${server.object('key')?.etag}"`)
  })

  it('answers a wrong ETag and a wrong CRC-64', async () => {
    const etag = await put({ type: 'wrong-etag', etag: 'f'.repeat(32) })
    expect(etag.headers.etag).toBe(`"${'f'.repeat(32)}"`)
    const crc64 = await put({ type: 'wrong-crc64', crc64: '42' })
    expect(crc64.headers['x-cos-hash-crc64ecma']).toBe('42')
    expect(server.object('new')?.crc64).toBe(server.object('key')?.crc64)
    server.misbehave({ when: { operation: 'ListObjects' }, fault: { type: 'wrong-etag', etag: 'other' } })
    const list = await cosClient(server).getBucket(at(server))
    expect(list.Contents[0]?.ETag).toBe('"other"')
  })

  it('answers 200 with an error, or with nothing, with and without the work', async () => {
    const error = await put({ type: 'error-in-200', code: 'InternalError' })
    expect([error.status, error.body.toString()]).toEqual([
      200,
      expect.stringContaining('<Code>InternalError</Code>'),
    ])
    const empty = await put({ type: 'empty-200' })
    expect([empty.status, empty.body.length, empty.headers.etag]).toEqual([200, 0, undefined])
    expect(server.object('new')).toBeUndefined()
    await put({ type: 'error-in-200', work: true }, Buffer.from('first'))
    expect(server.object('new')?.size).toBe(5)
    await put({ type: 'empty-200', work: true }, Buffer.from('second'))
    expect(server.object('new')?.size).toBe(6)
  })

  it('loses the reply after the work is done', async () => {
    await expect(put({ type: 'lost-reply' })).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(server.object('new')?.size).toBe(bytes.length)
  })

  it('announces another range than it sends', async () => {
    const { headers } = await get({ type: 'wrong-content-range' }, { range: 'bytes=10-19' })
    expect(headers['content-range']).toBe('bytes 11-20/10000')
  })

  it('hits only what a rule names, from the nth on, as often as told', async () => {
    const rule = server.misbehave({
      when: { operation: 'GetObject', key: 'key', nth: 2 },
      times: 2,
      fault: { type: 'status', status: 500 },
    })
    await server.put('other', 'x')
    const statuses: number[] = []
    for (const key of ['key', 'other', 'key', 'key', 'key']) {
      statuses.push((await raw(cosUrl(server, 'GET', key))).status)
    }
    expect(statuses).toEqual([200, 200, 500, 500, 200])
    expect(rule.hits).toBe(2)
  })

  it('stops when a rule is stopped or all are forgotten', async () => {
    const fault = { type: 'status', status: 500 } as const
    const one = server.misbehave({ times: Number.POSITIVE_INFINITY, fault })
    one.stop()
    expect((await raw(cosUrl(server, 'GET', 'key'))).status).toBe(200)
    server.misbehave({ times: Number.POSITIVE_INFINITY, fault })
    server.behave()
    expect((await raw(cosUrl(server, 'GET', 'key'))).status).toBe(200)
  })

  it('refuses faults it does not know', () => {
    expect(() => server.misbehave({ fault: { type: 'sulk' } as unknown as Fault })).toThrow(/sulk/)
  })

  it('is the same for S3', async () => {
    const other = await s3Server()
    other.misbehave({ when: { operation: 'ListBuckets' }, fault: { type: 'status', status: 503 } })
    const { status, body } = await raw(other.url)
    expect([status, body.toString()]).toEqual([503, expect.stringContaining('<Code>SlowDown</Code>')])
    await other.close()
  })
})

/** Whether a full request drains within a while. */
async function moves(sent: ReturnType<typeof request>): Promise<boolean> {
  return await Promise.race([
    once(sent, 'drain').then(() => true),
    new Promise<boolean>((resolve) => setTimeout(resolve, 300, false)),
  ])
}
