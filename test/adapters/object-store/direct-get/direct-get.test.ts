import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { DirectGet } from '../../../../src/adapters/object-store/direct-get/direct-get'
import { settled } from '../../../support/handles'
import {
  type Answer,
  directGet,
  headOf,
  protocols,
  reply,
  requestTo,
  rawServer as serverOf,
  textOf,
  unownedDirectGet,
} from './raw-server'

describe.each(protocols)('%s', (protocol) => {
  const rawServer = (answer: Answer) => serverOf(answer, { protocol })

  const get = async (direct: DirectGet, request: Parameters<DirectGet['get']>[0]) => {
    const response = await direct.get(request)
    return response && textOf(response.body)
  }

  describe('a direct GET', () => {
    it('sends the request line and the headers as they are, and nothing more', async () => {
      const server = await rawServer((socket) => socket.end(reply('x')))
      const request = {
        ...requestTo(server, '/b/a%20b?x=1&y'),
        headers: { host: 'localhost', Range: 'bytes=0-1' },
      }
      await get(directGet(), request)
      expect(server.requests).toEqual([
        'GET /b/a%20b?x=1&y HTTP/1.1\r\nhost: localhost\r\nRange: bytes=0-1\r\n\r\n',
      ])
    })

    it('gives status, headers and body', async () => {
      const server = await rawServer((socket) => socket.write(reply('hello', 'ETag: "a"')))
      const response = await directGet().get(requestTo(server))
      expect(response).toMatchObject({ statusCode: 200, headers: { 'content-length': '5', etag: '"a"' } })
      expect(await textOf(response!.body)).toBe('hello')
    })

    it('gives the answers of errors too, so that nobody asks a busy server twice', async () => {
      const server = await rawServer((socket) =>
        socket.write('HTTP/1.1 503 Slow Down\r\nContent-Length: 4\r\n\r\nbusy'),
      )
      const response = await directGet().get(requestTo(server))
      expect(response?.statusCode).toBe(503)
      expect(await textOf(response!.body)).toBe('busy')
      expect(server.requests).toHaveLength(1)
    })

    it.each([
      ['a path that is not encoded', { path: '/a b' }],
      ['a path with a line break', { path: '/a\r\nX: y' }],
      ['a path that is a URL', { path: 'http://other/' }],
      ['a header beyond ASCII', { headers: { host: 'h', 'x-a': 'ä' } }],
      ['a header with a line break', { headers: { host: 'h', 'x-a': 'a\r\nX: y' } }],
      ['a name with a line break', { headers: { 'x-a: b\r\nX': 'y' } }],
    ])('is not for a request with %s', async (_, odd) => {
      const server = await rawServer((socket) => socket.end(reply('x')))
      expect(await directGet().get({ ...requestTo(server), ...odd })).toBeUndefined()
      expect(server.accepted).toBe(0)
    })

    it('is undefined for an unusual answer, and closes the connection', async () => {
      const server = await rawServer((socket) => socket.write('HTTP/1.1 204 No Content\r\n\r\n'))
      const direct = directGet()
      expect(await direct.get(requestTo(server))).toBeUndefined()
      await settled(() => server.sockets.size === 0)
    })

    it('finds a server that has one of the addresses of its name', async () => {
      const server = await rawServer((socket) => socket.end(reply('x')))
      expect(await get(directGet(), requestTo({ protocol, host: 'localhost', port: server.port }))).toBe('x')
    })
  })

  describe('the connections of direct GETs', () => {
    it('serve one request after the other', async () => {
      const server = await rawServer((socket, _, nth) => socket.write(reply(`answer ${nth}`)))
      const direct = directGet()
      for (let nth = 1; nth <= 20; nth++) expect(await get(direct, requestTo(server))).toBe(`answer ${nth}`)
      expect(server.accepted).toBe(1)
    })

    it('serve again after an empty body, and after one that came with its head in pieces', async () => {
      const server = await rawServer(async (socket, _, nth) => {
        if (nth === 1) return socket.write(headOf(0))
        for (const piece of ['HTTP/1.1 200 OK\r\nContent-Le', 'ngth: 2\r\n\r', '\na', 'b']) {
          socket.write(piece)
          await turn()
        }
      })
      const direct = directGet()
      for (const body of ['', 'ab', 'ab']) expect(await get(direct, requestTo(server))).toBe(body)
      expect(server.accepted).toBe(1)
    })

    it('are as many as there are requests at a time, and no more the next time', async () => {
      const waiting: (() => void)[] = []
      const server = await rawServer((socket, request) => {
        waiting.push(() => socket.write(reply(request.split(' ')[1]!)))
        if (waiting.length === 8) for (const send of waiting.splice(0)) send()
      })
      const direct = directGet()
      const paths = Array.from({ length: 8 }, (_, index) => `/${index}`)
      for (let round = 0; round < 3; round++) {
        const bodies = await Promise.all(paths.map((path) => get(direct, requestTo(server, path))))
        expect(bodies).toEqual(paths)
      }
      expect(server.accepted).toBe(8)
    })

    it('serve again the sooner the shorter they have rested', async () => {
      const server = await rawServer((socket) => socket.write(reply(String(socket.remotePort))))
      const direct = directGet()
      const [one, other] = [await direct.get(requestTo(server)), await direct.get(requestTo(server))]
      await textOf(other!.body)
      const last = await textOf(one!.body)
      for (let round = 0; round < 3; round++) expect(await get(direct, requestTo(server))).toBe(last)
    })

    it('are not shared between servers', async () => {
      const one = await rawServer((socket) => socket.write(reply('one')))
      const other = await rawServer((socket) => socket.write(reply('other')))
      const direct = directGet()
      for (let round = 0; round < 2; round++) {
        expect(await get(direct, requestTo(one))).toBe('one')
        expect(await get(direct, requestTo(other))).toBe('other')
      }
      expect([one.accepted, other.accepted]).toEqual([1, 1])
    })

    it('are not used again while a body is being read', async () => {
      const server = await rawServer((socket, _, nth) => socket.write(reply(`answer ${nth}`)))
      const direct = directGet()
      const first = await direct.get(requestTo(server))
      expect(await get(direct, requestTo(server))).toBe('answer 2')
      expect(await textOf(first!.body)).toBe('answer 1')
      expect(server.accepted).toBe(2)
    })

    it('are closed where the server says so', async () => {
      const server = await rawServer((socket) => socket.write(reply('x', 'Connection: close')))
      const direct = directGet()
      for (let round = 0; round < 2; round++) expect(await get(direct, requestTo(server))).toBe('x')
      expect(server.accepted).toBe(2)
      await settled(() => server.sockets.size === 0)
    })

    it('are replaced where the server has closed them and that was noticed', async () => {
      const server = await rawServer((socket) => socket.end(reply('x')))
      const direct = directGet()
      expect(await get(direct, requestTo(server))).toBe('x')
      await settled(() => server.sockets.size === 0)
      expect(await get(direct, requestTo(server))).toBe('x')
      expect(server.accepted).toBe(2)
    })

    it('give undefined, not an error, where the server closes them as the next request comes', async () => {
      for (const leave of ['destroy', 'resetAndDestroy', 'end'] as const) {
        const server = await rawServer((socket, _, nth) =>
          nth === 1 ? socket.write(reply('x')) : socket[leave](),
        )
        const direct = directGet()
        expect(await get(direct, requestTo(server))).toBe('x')
        expect(await direct.get(requestTo(server))).toBeUndefined()
        expect(await direct.get({ ...requestTo(server), path: 'none' })).toBeUndefined()
        expect(server.requests).toHaveLength(2)
      }
    })

    it('give undefined where the idle one breaks within the head', async () => {
      const server = await rawServer((socket, _, nth) =>
        nth === 1 ? socket.write(reply('x')) : socket.end('HTTP/1.1 200 OK\r\nContent'),
      )
      const direct = directGet()
      await get(direct, requestTo(server))
      expect(await direct.get(requestTo(server))).toBeUndefined()
    })

    it('are not used again after bytes that nobody asked for, and the body is exact', async () => {
      for (const late of [false, true]) {
        const server = await rawServer(async (socket) => {
          socket.write(late ? reply('exact') : `${reply('exact')}surplus`)
          if (!late) return
          await turn()
          await turn()
          socket.write('surplus')
        })
        const direct = directGet()
        expect(await get(direct, requestTo(server))).toBe('exact')
        if (late) await settled(() => server.sockets.size === 0)
        expect(await get(direct, requestTo(server))).toBe('exact')
        expect(server.accepted).toBe(2)
      }
    })

    it('are replaced where the server has closed them after a body of any size', async () => {
      for (const size of [1_000, 256 * 1024, 512 * 1024, 3_000_000]) {
        const server = await rawServer((socket) => socket.write(reply('x'.repeat(size))))
        const direct = directGet()
        expect(await get(direct, requestTo(server))).toHaveLength(size)
        for (const socket of server.sockets) socket.end()
        await settled(() => server.sockets.size === 0)
        expect(await get(direct, requestTo(server))).toHaveLength(size)
      }
    })

    it('are closed after 50 s of rest, and never before their answer is there', async () => {
      let finish = () => {}
      const server = await rawServer((socket, _, nth) => {
        if (nth !== 2) return socket.write(reply('x'))
        finish = () => socket.write(reply('late'))
      })
      const direct = directGet()
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
      onTestFinished(() => void vi.useRealTimers())
      await get(direct, requestTo(server))
      vi.advanceTimersByTime(49_999)
      const late = get(direct, requestTo(server))
      while (server.requests.length < 2) await turn()
      vi.advanceTimersByTime(60_000)
      finish()
      expect(await late).toBe('late')
      expect(server.accepted).toBe(1)
      vi.advanceTimersByTime(50_000)
      expect(await get(direct, requestTo(server))).toBe('x')
      expect(server.accepted).toBe(2)
    })

    it('are all closed by destroy(), idle or not', async () => {
      const server = await rawServer((socket, request) =>
        socket.write(request.startsWith('GET /slow') ? headOf(5) : reply('x')),
      )
      const direct = directGet()
      const slow = await direct.get(requestTo(server, '/slow'))
      const reading = textOf(slow!.body)
      await get(direct, requestTo(server))
      expect(server.sockets.size).toBe(2)
      direct.destroy()
      direct.destroy()
      await expect(reading).rejects.toMatchObject({ code: 'ECONNRESET' })
      await settled(() => server.sockets.size === 0)
    })

    it('closed by destroy() before the answer leave an error, and nothing to try in another way', async () => {
      const server = await rawServer((socket, _, nth) => nth === 1 && socket.write(reply('x')))
      const direct = unownedDirectGet()
      await get(direct, requestTo(server))
      const waiting = direct.get(requestTo(server))
      await settled(() => server.requests.length === 2)
      direct.destroy()
      await expect(waiting).rejects.toMatchObject({ code: 'ECONNRESET' })
    })
  })
})
