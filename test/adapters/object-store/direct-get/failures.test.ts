import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { responseBody } from '../../../../src/adapters/object-store/response-body'
import { settled } from '../../../support/handles'
import { fullServer } from './full-server'
import {
  type Answer,
  directGet,
  headOf,
  protocols,
  reply,
  requestTo,
  rawServer as serverOf,
  textOf,
} from './raw-server'

describe.each(protocols)('%s', (protocol) => {
  const rawServer = (answer: Answer) => serverOf(answer, { protocol })

  describe('a direct GET that finds no server', () => {
    it('says that the connection was refused', async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      await new Promise((done) => server.close(done))
      const request = requestTo({ protocol, host: '127.0.0.1', port })
      await expect(directGet().get(request)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    })

    it('says that the name is not known', async () => {
      const request = requestTo({ protocol, host: 'no-such-host.invalid', port: 80 })
      await expect(directGet().get(request)).rejects.toMatchObject({
        code: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/),
      })
    })

    it('says that connecting took too long', async () => {
      const port = await fullServer()
      const request = requestTo({ protocol, host: '127.0.0.1', port })
      const connecting = directGet().get(request, { connectTimeout: 50 })
      await expect(connecting).rejects.toMatchObject({
        code: 'TIMEOUT',
        message: expect.stringMatching(/within 50 ms/),
      })
    })

    it('gives up connecting when the signal fires', async () => {
      const port = await fullServer()
      const controller = new AbortController()
      const connecting = directGet().get(requestTo({ protocol, host: '127.0.0.1', port }), {
        signal: controller.signal,
      })
      await turn()
      controller.abort('enough')
      await expect(connecting).rejects.toMatchObject({ code: 'ABORTED', cause: 'enough' })
    })
  })

  describe('a direct GET whose new connection breaks', () => {
    it.each([
      ['before the answer', ''],
      ['within the head', 'HTTP/1.1 200 OK\r\nContent-Len'],
    ])('fails: %s', async (_, sent) => {
      const server = await rawServer((socket) => socket.end(sent))
      await expect(directGet().get(requestTo(server))).rejects.toMatchObject({ code: 'ECONNRESET' })
    })

    it('by a reset fails as well', async () => {
      const server = await rawServer((socket) => socket.resetAndDestroy())
      await expect(directGet().get(requestTo(server))).rejects.toMatchObject({ code: 'ECONNRESET' })
    })

    it.each(['end', 'destroy', 'resetAndDestroy'] as const)(
      'within the body fails there (%s)',
      async (leave) => {
        const server = await rawServer((socket) =>
          socket.write(`${headOf(6)}abc`, () => void socket[leave]()),
        )
        const response = await directGet().get(requestTo(server))
        const chunks = response!.body[Symbol.asyncIterator]()
        expect(Buffer.from((await chunks.next()).value!).toString()).toBe('abc')
        await expect(chunks.next()).rejects.toMatchObject({ code: 'ECONNRESET' })
        expect(await chunks.next()).toEqual({ done: true, value: undefined })
        expect(response!.body.destroyed).toBe(true)
      },
    )

    it('after the whole body gives that body', async () => {
      for (const leave of ['end', 'destroy'] as const) {
        const server = await rawServer((socket) => socket.write(reply('abc'), () => void socket[leave]()))
        const response = await directGet().get(requestTo(server))
        await settled(() => server.sockets.size === 0)
        expect(await textOf(response!.body)).toBe('abc')
      }
    })
  })

  describe('the signal of a direct GET', () => {
    const aborted = { code: 'ABORTED', cause: 'enough' }

    it('that has fired already opens nothing', async () => {
      const server = await rawServer(() => {})
      const signal = AbortSignal.abort('enough')
      await expect(directGet().get(requestTo(server), { signal })).rejects.toMatchObject(aborted)
      expect(server.accepted).toBe(0)
    })

    it('that has fired already leaves an idle connection alone', async () => {
      const server = await rawServer((socket) => socket.write(reply('x')))
      const direct = directGet()
      await textOf((await direct.get(requestTo(server)))!.body)
      await expect(direct.get(requestTo(server), { signal: AbortSignal.abort() })).rejects.toThrow()
      await textOf((await direct.get(requestTo(server)))!.body)
      expect(server.accepted).toBe(1)
    })

    it.each([
      ['before the head', ''],
      ['within the head', 'HTTP/1.1 200 OK\r\n'],
    ])('frees the connection %s, an idle one too', async (_, sent) => {
      const server = await rawServer((socket, __, nth) => socket.write(nth === 1 ? reply('x') : sent))
      const direct = directGet()
      await textOf((await direct.get(requestTo(server)))!.body)
      for (let nth = 2; nth <= 3; nth++) {
        const controller = new AbortController()
        const waiting = direct.get(requestTo(server), { signal: controller.signal })
        await settled(() => server.requests.length === nth)
        await turn()
        controller.abort('enough')
        await expect(waiting).rejects.toMatchObject(aborted)
        await settled(() => server.sockets.size === 0)
      }
    })

    it('frees the connection within the body', async () => {
      const server = await rawServer((socket) => socket.write(`${headOf(6)}abc`))
      const controller = new AbortController()
      const { signal } = controller
      const response = await directGet().get(requestTo(server), { signal })
      const chunks = responseBody(response!.body, { size: 6, signal, location: 'ceph:b/k' })[
        Symbol.asyncIterator
      ]()
      await chunks.next()
      const waiting = chunks.next()
      controller.abort('enough')
      await expect(waiting).rejects.toMatchObject({ ...aborted, context: { location: 'ceph:b/k' } })
      await settled(() => server.sockets.size === 0)
    })

    it('frees the connection of a body that nobody reads', async () => {
      const server = await rawServer((socket) => socket.write(`${headOf(6)}abc`))
      const controller = new AbortController()
      await directGet().get(requestTo(server), { signal: controller.signal })
      controller.abort()
      await settled(() => server.sockets.size === 0)
    })

    it('means nothing to the next request of the connection', async () => {
      const server = await rawServer((socket) => socket.write(reply('x')))
      const direct = directGet()
      const controller = new AbortController()
      await textOf((await direct.get(requestTo(server), { signal: controller.signal }))!.body)
      const next = await direct.get(requestTo(server))
      controller.abort()
      expect(await textOf(next!.body)).toBe('x')
      expect(server.accepted).toBe(1)
    })

    it('gathers no listeners', async () => {
      const server = await rawServer((socket) => socket.write(reply('x')))
      const direct = directGet()
      let listeners = 0
      const signal = new AbortController().signal
      const { addEventListener, removeEventListener } = signal
      Object.assign(signal, {
        addEventListener(...values: Parameters<typeof addEventListener>) {
          listeners++
          addEventListener.apply(signal, values)
        },
        removeEventListener(...values: Parameters<typeof removeEventListener>) {
          listeners--
          removeEventListener.apply(signal, values)
        },
      })
      for (let nth = 0; nth < 3; nth++) await textOf((await direct.get(requestTo(server), { signal }))!.body)
      expect(listeners).toBe(0)
    })
  })
})
