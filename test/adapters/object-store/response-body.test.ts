import { once } from 'node:events'
import * as http from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { afterEach, describe, expect, it } from 'vitest'
import { responseBody } from '../../../src/adapters/object-store/response-body'
import { TransferError } from '../../../src/contract/errors'
import type { Bytes } from '../../../src/contract/source'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

async function get(handler: http.RequestListener): Promise<http.IncomingMessage> {
  const server = http.createServer(handler)
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const request = http.get({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, agent: false })
  request.on('error', () => {})
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  return response
}

async function read(bytes: Bytes): Promise<number> {
  let size = 0
  for await (const chunk of bytes) size += chunk.byteLength
  return size
}

describe('the body of a response', () => {
  const location = 'ceph:b/k'

  it('gives the bytes that were announced', async () => {
    const response = await get((_, reply) => void reply.end(Buffer.alloc(300_000)))
    expect(await read(responseBody(response, { size: 300_000, location }))).toBe(300_000)
  })

  it('is TRUNCATED where it ends early, worth another attempt', async () => {
    const response = await get((_, reply) => void reply.end('abc'))
    await expect(read(responseBody(response, { size: 4, location }))).rejects.toMatchObject({
      code: 'TRUNCATED',
      retry: 'temporary',
      context: { expected: 4, received: 3 },
    })
  })

  it('is INTEGRITY where there is more, and is then destroyed', async () => {
    const response = await get((_, reply) => void reply.end('abcde'))
    await expect(read(responseBody(response, { size: 4, location }))).rejects.toMatchObject({
      code: 'INTEGRITY',
    })
    expect(response.destroyed).toBe(true)
  })

  it('is CONNECTION where the connection breaks, worth another attempt', async () => {
    const response = await get((request, reply) => {
      reply.writeHead(200, { 'content-length': 1000 }).write('abc', () => request.socket.destroy())
    })
    await expect(read(responseBody(response, { size: 1000, location }))).rejects.toMatchObject({
      code: 'CONNECTION',
      retry: 'temporary',
    })
  })

  it('frees its socket when it is left early', async () => {
    const response = await get((_, reply) => void reply.end(Buffer.alloc(300_000)))
    for await (const _ of responseBody(response, { size: 300_000, location })) break
    expect(response.destroyed).toBe(true)
  })

  it('frees its socket when it is given up before it was read', async () => {
    const response = await get((_, reply) => void reply.end('abc'))
    await responseBody(response, { size: 3, location })[Symbol.asyncIterator]().return?.()
    expect(response.destroyed).toBe(true)
  })

  it('frees its socket when the signal fires before it was read', async () => {
    const controller = new AbortController()
    const response = await get((_, reply) => void reply.end('abc'))
    const bytes = responseBody(response, { size: 3, signal: controller.signal, location })
    controller.abort(new Error('enough'))
    expect(response.destroyed).toBe(true)
    await expect(read(bytes)).rejects.toMatchObject({ code: 'ABORTED', cause: { message: 'enough' } })
  })

  it('ends with the reason of the signal while it waits for bytes', async () => {
    const controller = new AbortController()
    const response = await get(
      (_, reply) => void reply.writeHead(200, { 'content-length': 1000 }).write('abc'),
    )
    const reading = read(responseBody(response, { size: 1000, signal: controller.signal, location }))
    const reason = new TransferError('TIMEOUT', 'silent', { retry: 'temporary' })
    setTimeout(() => controller.abort(reason), 20)
    await expect(reading).rejects.toBe(reason)
  })

  it('leaves no listener on the signal', async () => {
    const { signal } = new AbortController()
    const listeners: unknown[] = []
    signal.addEventListener = (_: string, listener: unknown) => void listeners.push(listener)
    signal.removeEventListener = (_: string, listener: unknown) =>
      void listeners.splice(listeners.indexOf(listener), 1)
    const stream = new PassThrough()
    stream.end('abc')
    await read(responseBody(stream, { size: 3, signal, location }))
    await expect.poll(() => listeners).toEqual([])
  })
})
