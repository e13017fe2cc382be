import { once } from 'node:events'
import * as http from 'node:http'
import * as https from 'node:https'
import { type AddressInfo, Socket } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { ceph } from '../../../src/adapters/ceph'
import { cos } from '../../../src/adapters/cos'
import type { Bytes } from '../../../src/contract/source'
import { createLifecycle } from '../../../src/lifecycle'
import { certificate, certificateKey } from '../../support/certificate'
import { patternAt } from './direct-get/raw-server'

const protocols = ['http:', 'https:'] as const
const partSize = 900_000

/** Takes parts, and answers a GET with headers that must not be seen anywhere else. */
async function backend(protocol: 'http:' | 'https:') {
  const puts: http.IncomingHttpHeaders[] = []
  const received: Buffer[] = []
  const handler: http.RequestListener = async (request, response) => {
    if (request.method === 'PUT') {
      puts.push(request.headers)
      for await (const chunk of request) received.push(chunk)
      response.setHeader('ETag', '"0123456789abcdef0123456789abcdef"').end()
    } else if (request.method === 'POST') {
      const result = 'InitiateMultipartUploadResult'
      response.end(`<${result}><Bucket>b</Bucket><Key>k</Key><UploadId>u</UploadId></${result}>`)
    } else {
      response.setHeader('x-amz-meta-leak', 'leak').setHeader('x-cos-meta-leak', 'leak')
      response.setHeader('Content-Type', 'text/leak').setHeader('ETag', '"leak"')
      response.setHeader('Content-Length', partSize).end(patternAt(0, partSize))
    }
  }
  const server =
    protocol === 'https:'
      ? https.createServer({ cert: certificate, key: certificateKey }, handler)
      : http.createServer(handler)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  // COS sends the name of its bucket's host even to an address of this machine.
  const lifecycle = createLifecycle({ tls: { ca: certificate, servername: 'localhost' } as object })
  onTestFinished(() => lifecycle.close())
  const endpoint = `${protocol}//localhost:${(server.address() as AddressInfo).port}`
  const stores = {
    ceph: ceph({
      ...{ bucket: 'b', endpoint, lifecycle },
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    }),
    cos: cos({
      ...{ bucket: 'b-1250000000', region: 'ap-guangzhou', endpoint, lifecycle },
      credentials: { secretId: 'a', secretKey: 'b' },
    }),
  }
  return { stores, puts, received }
}

/** The memory of what sockets of this process are given to send, by how many bytes of it. */
function watchWrites(): Map<ArrayBufferLike, number> {
  const written = new Map<ArrayBufferLike, number>()
  const prototype = Socket.prototype as unknown as { _writeGeneric: (...values: unknown[]) => void }
  const { _writeGeneric } = prototype
  const spy = vi.spyOn(prototype, '_writeGeneric').mockImplementation(function (this: Socket, ...values) {
    const [several, data] = values as [boolean, unknown]
    const chunks = several ? (data as { chunk: unknown }[]).map(({ chunk }) => chunk) : [data]
    for (const chunk of chunks) {
      if (!(chunk instanceof Uint8Array)) continue
      written.set(chunk.buffer, (written.get(chunk.buffer) ?? 0) + chunk.byteLength)
    }
    _writeGeneric.apply(this, values)
  })
  onTestFinished(() => spy.mockRestore())
  return written
}

const newObject = { size: partSize, attributes: {}, createOnly: false }
const part = { index: 0, start: 0, size: partSize }

describe.each(protocols)('a part that is put (%s)', (protocol) => {
  it.each(['ceph', 'cos'] as const)(
    'goes to the socket of %s where it lies: nothing is copied',
    async (kind) => {
      const { stores, received } = await backend(protocol)
      const lent = Buffer.allocUnsafeSlow(100_000)
      async function* bytes(): Bytes & AsyncGenerator<Uint8Array> {
        for (let at = 0; at < partSize; at += lent.length) {
          lent.set(patternAt(at, lent.length))
          yield lent
          lent.fill('!')
        }
      }
      const session = await stores[kind].sink('k').begin(newObject)
      const written = watchWrites()
      await session.writePart(part, { size: partSize, open: async () => bytes() })
      expect(written.get(lent.buffer)).toBe(partSize)
      expect(Buffer.concat(received).equals(patternAt(0, partSize))).toBe(true)
    },
  )

  it.each([
    ['ceph', 'cos'],
    ['cos', 'ceph'],
    ['cos', 'cos'],
    ['ceph', 'ceph'],
  ] as const)('from %s to %s carries no header of its source', async (from, to) => {
    const { stores, puts, received } = await backend(protocol)
    const session = await stores[to].sink('k').begin(newObject)
    await session.writePart(part, { size: partSize, open: () => stores[from].source('k').open() })
    expect(puts).toHaveLength(1)
    expect(JSON.stringify(puts)).not.toContain('leak')
    expect(puts[0]!['content-length']).toBe(String(partSize))
    expect(Buffer.concat(received).equals(patternAt(0, partSize))).toBe(true)
  })
})
