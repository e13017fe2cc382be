import { once } from 'node:events'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { DirectBody } from '../../../../src/adapters/object-store/direct-get/direct-body'
import { settled } from '../../../support/handles'
import {
  type Answer,
  directGet,
  headOf,
  patternAt,
  protocols,
  readPattern,
  reply,
  requestTo,
  sendPattern,
  rawServer as serverOf,
  textOf,
} from './raw-server'

describe.each(protocols)('%s', (protocol) => {
  const rawServer = (answer: Answer) => serverOf(answer, { protocol })

  const KiB = 1024
  const MiB = 1024 * KiB

  /** The body of a response with so many bytes of the pattern, and the server it comes from. */
  async function patternBody(size: number, sent?: (bytes: number) => void) {
    const server = await rawServer((socket) => {
      socket.write(headOf(size))
      return sendPattern(socket, size, sent)
    })
    const direct = directGet()
    const open = async () => (await direct.get(requestTo(server)))!.body
    return { server, direct, open, body: await open() }
  }

  /** The body of a response that stays incomplete. */
  async function unfinishedBody(): Promise<{ body: DirectBody; sockets: ReadonlySet<unknown> }> {
    const server = await rawServer((socket) => socket.write(`${headOf(6)}abc`))
    return { body: (await directGet().get(requestTo(server)))!.body, sockets: server.sockets }
  }

  describe('a direct body that is iterated', () => {
    it.each([
      0,
      1,
      256 * KiB - 1,
      256 * KiB,
      256 * KiB + 1,
      512 * KiB - 1,
      512 * KiB,
      512 * KiB + 1,
      768 * KiB,
      3 * MiB + 7,
    ])('has all its %i bytes, time and again on one connection', async (size) => {
      const { server, body, open } = await patternBody(size)
      expect(await readPattern(body)).toBe(size)
      for (let round = 0; round < 3; round++) expect(await readPattern(await open())).toBe(size)
      expect(server.accepted).toBe(1)
    })

    it('leaves a connection that still reads, though its end came while nobody did', async () => {
      for (let size = 432 * KiB; size <= 560 * KiB; size += 8 * KiB) {
        let sent = 0
        const { server, body, open } = await patternBody(size, (bytes) => {
          sent = bytes
        })
        await settled(() => sent === size)
        await sleep(5)
        expect(await readPattern(body)).toBe(size)
        expect(await readPattern(await open())).toBe(size)
        expect(server.accepted).toBe(1)
      }
    })

    it('has all its 64 MiB', async () => {
      const { body } = await patternBody(64 * MiB)
      expect(await readPattern(body)).toBe(64 * MiB)
    })

    it('leaves a chunk as it is until the next one is asked for, however slow the reader', async () => {
      const { body } = await patternBody(6 * MiB)
      let nth = 0
      const size = await readPattern(body, () => (nth++ % 3 === 0 ? sleep(5) : turn()))
      expect(size).toBe(6 * MiB)
    })

    it('holds the peer back while nobody reads', async () => {
      let sent = 0
      const size = 128 * MiB
      const { body } = await patternBody(size, (bytes) => {
        sent = bytes
      })
      const chunks = body[Symbol.asyncIterator]()
      const first = (await chunks.next()).value!
      let before = -1
      // Until it has stopped: what was sent by then fills the buffers of the kernel and ours.
      while (sent !== before) {
        before = sent
        await sleep(200)
      }
      expect(sent).toBeLessThan(size / 2)
      expect(patternAt(0, first.length).equals(first)).toBe(true)
      let at = first.length
      for (let chunk = await chunks.next(); !chunk.done; chunk = await chunks.next()) {
        expect(patternAt(at, chunk.value.length).equals(chunk.value)).toBe(true)
        at += chunk.value.length
      }
      expect(at).toBe(size)
    })

    it('lends out two buffers and no more', async () => {
      const { body } = await patternBody(4 * MiB)
      const buffers = new Set<ArrayBufferLike>()
      let copied: ArrayBufferLike | undefined
      for await (const chunk of body) {
        // What came together with the head is a copy.
        copied ??= chunk.buffer
        buffers.add(chunk.buffer)
      }
      buffers.delete(copied!)
      expect(buffers.size).toBeGreaterThan(0)
      expect(buffers.size).toBeLessThanOrEqual(2)
    })

    it('closes at its end, for whoever waits for that', async () => {
      const { body } = await patternBody(10)
      const closed = once(body, 'close')
      await readPattern(body)
      await closed
    })

    it('frees its connection when it is left early', async () => {
      const { body, sockets } = await unfinishedBody()
      for await (const _ of body) break
      expect(body.destroyed).toBe(true)
      await settled(() => sockets.size === 0)
    })

    it('is over for good once it was left', async () => {
      const { body } = await unfinishedBody()
      const chunks = body[Symbol.asyncIterator]()
      await chunks.return!()
      expect(await chunks.next()).toEqual({ done: true, value: undefined })
    })

    it('settles a read that is under way when it is left', async () => {
      const { body } = await unfinishedBody()
      const chunks = body[Symbol.asyncIterator]()
      await chunks.next()
      const waiting = chunks.next()
      await chunks.return!()
      await expect(waiting).rejects.toMatchObject({ code: 'ECONNRESET' })
    })
  })

  describe('a direct body that is destroyed', () => {
    it('before it is read frees its connection, and does not look like an empty one', async () => {
      const { body, sockets } = await unfinishedBody()
      body.destroy()
      await settled(() => sockets.size === 0)
      await expect(textOf(body)).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' })
    })

    it('does not give what lies in the buffers of the connection as a short body', async () => {
      const { body } = await patternBody(256 * KiB)
      const chunks = body[Symbol.asyncIterator]()
      await chunks.next()
      body.destroy()
      await expect(chunks.next()).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' })
    })

    it('after its end leaves the connection to the next request', async () => {
      const { server, body, open } = await patternBody(10)
      await readPattern(body)
      body.destroy()
      await readPattern(await open())
      expect(server.accepted).toBe(1)
    })
  })

  describe('a direct body that is read as an ordinary stream', () => {
    it('gives chunks of its own, which may be kept', async () => {
      const { server, body, open } = await patternBody(3 * MiB)
      const kept: Buffer[] = []
      body.on('data', (chunk) => kept.push(chunk))
      await once(body, 'end')
      expect(await readPattern(kept)).toBe(3 * MiB)
      expect(await readPattern(await open())).toBe(3 * MiB)
      expect(server.accepted).toBe(1)
    })

    it('can be piped to a slow writer', async () => {
      const { body } = await patternBody(3 * MiB)
      const kept: Buffer[] = []
      const slow = new Writable({
        write(chunk, _, done) {
          kept.push(chunk)
          setImmediate(done)
        },
      })
      await pipeline(body, slow)
      expect(await readPattern(kept)).toBe(3 * MiB)
    })

    it('can be read piece by piece', async () => {
      const { body } = await patternBody(MiB)
      const kept: Buffer[] = []
      body.on('readable', () => {
        for (let chunk = body.read(); chunk; chunk = body.read()) kept.push(chunk)
      })
      await once(body, 'end')
      expect(await readPattern(kept)).toBe(MiB)
    })

    it('can be turned into a web stream', async () => {
      const { body } = await patternBody(MiB)
      expect(await readPattern(Readable.toWeb(body))).toBe(MiB)
    })

    it('can be iterated after a look at it, and lacks nothing', async () => {
      const { body } = await patternBody(MiB)
      await new Promise((done) => body.once('readable', done))
      expect(await readPattern(body)).toBe(MiB)
    })

    it('fails as a stream does when the connection breaks', async () => {
      const server = await rawServer((socket) => socket.end(`${headOf(6)}abc`))
      const { body } = (await directGet().get(requestTo(server)))!
      const sink = new Writable({ write: (_chunk, _encoding, done) => done() })
      await expect(pipeline(body, sink)).rejects.toMatchObject({ code: 'ECONNRESET' })
    })

    it('frees its connection when its writer fails', async () => {
      const { body, sockets } = await unfinishedBody()
      const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error('disk full')) })
      await expect(pipeline(body, broken)).rejects.toThrow('disk full')
      await settled(() => sockets.size === 0)
    })
  })

  describe('a direct body that nobody reads', () => {
    it('does not hinder others', async () => {
      const server = await rawServer((socket) => socket.write(reply('abc')))
      const direct = directGet()
      const unread = (await direct.get(requestTo(server)))!.body
      expect(await textOf((await direct.get(requestTo(server)))!.body)).toBe('abc')
      expect(await textOf(unread)).toBe('abc')
    })
  })
})
