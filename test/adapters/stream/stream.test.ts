import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { stream } from 'sluiceway/stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TransferError } from '../../../src/contract/errors'
import { transfer } from '../../../src/transfer/transfer'
import { borrowed, collect, deaf, fakeSink, pattern, quickRetry, sha256 } from '../../transfer/fakes'

const MiB = 1024 * 1024
const bytes = pattern(3 * MiB + 17)
const retry = quickRetry
const options = { partSize: MiB, retry, memoryBudget: 4 * MiB }
let spool: string

beforeAll(async () => {
  spool = await mkdtemp(join(tmpdir(), 'sluiceway-spool-'))
})
afterAll(() => rm(spool, { recursive: true, force: true }))

/** Fails each part once, after its body was read. */
function faltering() {
  const failed = new Set<number>()
  const sink = fakeSink()
  const { begin } = sink
  sink.begin = async (object, context) => {
    const session = await begin(object, context)
    const { writePart } = session
    return Object.assign(session, {
      writePart: async (...args: Parameters<typeof writePart>) => {
        const receipt = await writePart(...args)
        if (failed.has(args[0].index)) return receipt
        failed.add(args[0].index)
        throw new TransferError('CONNECTION', 'cut', { retry: 'temporary' })
      },
    })
  }
  return sink
}

describe('a stream', () => {
  it.each([
    ['a Readable', () => Readable.from([bytes.subarray(0, MiB), bytes.subarray(MiB)])],
    ['a web stream', () => new Blob([new Uint8Array(bytes)]).stream()],
    ['a generator that reuses its buffer', () => borrowed(bytes, 50_001)],
  ])('may be %s of unknown size', async (_, make) => {
    const sink = fakeSink()
    const result = await transfer(stream(make()), sink, options)
    expect(result).toMatchObject({ bytes: bytes.length, parts: 4 })
    expect(sha256(sink.object!)).toBe(sha256(bytes))
  })

  it.each([0, 1, MiB - 1, MiB, MiB + 1, 2 * MiB])(
    'of %i bytes arrives whole, its size known or not',
    async (size) => {
      const part = bytes.subarray(0, size)
      for (const known of [{}, { size }]) {
        const sink = fakeSink()
        const result = await transfer(stream(borrowed(part), known), sink, options)
        expect(result).toMatchObject({ bytes: size, parts: Math.ceil(size / MiB) })
        expect(sha256(sink.object!)).toBe(sha256(part))
      }
    },
  )

  it.each(['memory', 'spool'])('has its parts held in %s until they are accepted', async (where) => {
    const sink = faltering()
    const source = stream(borrowed(bytes, 70_000), where === 'spool' ? { spool } : {})
    const result = await transfer(source, sink, options)
    expect(result.retries).toBe(4)
    expect(sha256(sink.object!)).toBe(sha256(bytes))
    expect(await readdir(spool)).toEqual([])
  })

  it('reads no further ahead than its budget holds', async () => {
    let given = 0
    const source = stream(
      (async function* () {
        for (let at = 0; at < 100; at += 1) {
          given += MiB
          yield pattern(MiB)
        }
      })(),
    )
    const controller = new AbortController()
    const sink = fakeSink({ session: { writePart: deaf } })
    const result = transfer(source, sink, { ...options, signal: controller.signal })
    await new Promise((resolve) => setTimeout(resolve, 200))
    // Four parts held, and the chunk that showed that the fourth was full.
    expect(given).toBeLessThanOrEqual(5 * MiB)
    controller.abort()
    await expect(result).rejects.toMatchObject({ code: 'ABORTED' })
  })

  it.each([
    ['shorter', 'TRUNCATED', bytes.length + 1],
    ['longer', 'INTEGRITY', bytes.length - 1],
    ['longer by whole parts', 'INTEGRITY', MiB],
    ['longer than nothing', 'INTEGRITY', 0],
  ])('%s than stated is %s', async (_, code, size) => {
    const sink = fakeSink()
    await expect(transfer(stream(borrowed(bytes), { size }), sink, options)).rejects.toMatchObject({ code })
    expect(sink.object).toBeUndefined()
  })

  it('that fails gives its own error as the cause, at once', async () => {
    const own = new Error('the uploader went away')
    const failing = Readable.from(
      (async function* () {
        yield bytes.subarray(0, 2 * MiB)
        throw own
      })(),
    )
    const sink = fakeSink()
    const result = transfer(stream(failing), sink, options)
    await expect(result).rejects.toMatchObject({ code: 'SOURCE_FAILED', retry: 'permanent', cause: own })
    expect(sink.object).toBeUndefined()
  })

  it('that failed before the transfer began is no unhandled error', async () => {
    const dead = new Readable({ read() {} })
    const source = stream(dead)
    dead.destroy(new Error('early'))
    await expect(transfer(source, fakeSink(), options)).rejects.toMatchObject({ cause: { message: 'early' } })
  })

  it('that stays silent is TIMEOUT, and is destroyed', async () => {
    const silent = new Readable({ read() {} })
    const result = transfer(stream(silent), fakeSink(), { ...options, timeouts: { idle: 50 } })
    await expect(result).rejects.toMatchObject({ code: 'TIMEOUT' })
    expect(silent.destroyed).toBe(true)
  })

  it('too long for its parts is TOO_LARGE and says what to do', async () => {
    const sink = fakeSink({ sink: { capabilities: { maxParts: 2 } } })
    const result = transfer(stream(borrowed(bytes, 100_000)), sink, { ...options, memoryBudget: 2 * MiB })
    await expect(result).rejects.toMatchObject({ code: 'TOO_LARGE', message: expect.stringMatching(/spool/) })
    expect(sink.object).toBeUndefined()
  })

  it('can be transferred once', async () => {
    const source = stream(borrowed(bytes))
    await transfer(source, fakeSink(), options)
    await expect(transfer(source, fakeSink(), options)).rejects.toMatchObject({ code: 'INVALID_OPTION' })
  })

  it('carries the attributes it is given', async () => {
    const sink = fakeSink({ sink: { capabilities: { attributes: ['contentType', 'metadata'] } } })
    await transfer(stream(borrowed(bytes), { contentType: 'video/mp4', metadata: { a: '1' } }), sink, options)
    expect(sink.written?.attributes).toEqual({ contentType: 'video/mp4', metadata: { a: '1' } })
  })

  it('refuses what gives no bytes, at once', () => {
    const encoded = new Readable({ read() {} }).setEncoding('utf8')
    const used = new Readable({ read() {} })
    used.destroy()
    for (const input of [encoded, used, null, 'text', {}, 5]) {
      expect(() => stream(input as never)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
    }
    for (const wrong of [{ size: -1 }, { size: 1.5 }, { spool: '' }, { contentTyp: 'x' }]) {
      expect(() => stream(borrowed(bytes), wrong as never)).toThrow(
        expect.objectContaining({ code: 'INVALID_OPTION' }),
      )
    }
  })

  it('refuses a spool folder that is not there', async () => {
    const source = stream(borrowed(bytes), { spool: join(spool, 'missing') })
    await expect(transfer(source, fakeSink(), options)).rejects.toMatchObject({ code: 'INVALID_OPTION' })
  })
})

describe('an upload request', () => {
  /** Serves uploads with `handle` and sends one; gives status and text, or the client's error. */
  async function upload(handle: (source: ReturnType<typeof stream>) => Promise<unknown>, body: Buffer) {
    const server = createServer((req, res) => {
      handle(stream(req, { size: Number(req.headers['content-length']) })).then(
        () => res.end('stored'),
        (error) => res.writeHead(502).end(error.code),
      )
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    try {
      return await new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
        const sent = request(
          { port, method: 'PUT', headers: { 'content-length': body.length } },
          async (res) => {
            resolve({ status: res.statusCode, text: String(await collect(res)) })
          },
        )
        sent.on('error', reject)
        sent.end(body)
      })
    } finally {
      server.closeAllConnections()
      server.close()
    }
  }

  it('streams into the sink', async () => {
    const sink = fakeSink()
    const answer = await upload((source) => transfer(source, sink, options), bytes)
    expect(answer).toEqual({ status: 200, text: 'stored' })
    expect(sha256(sink.object!)).toBe(sha256(bytes))
  })

  it('can still be answered when the transfer fails', async () => {
    const sink = fakeSink({
      sink: {
        begin: async () => {
          throw new TransferError('ACCESS_DENIED', 'no')
        },
      },
    })
    const answer = await upload((source) => transfer(source, sink, options), bytes)
    expect(answer).toEqual({ status: 502, text: 'ACCESS_DENIED' })
  })
})
