import { createHash } from 'node:crypto'
import { once } from 'node:events'
import * as http from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { Readable, Writable } from 'node:stream'
import { S3Client, UploadPartCommand } from '@aws-sdk/client-s3'
import COS from 'cos-nodejs-sdk-v5'
import { afterEach, describe, expect, it } from 'vitest'
import { requestBody } from '../../../src/adapters/object-store/request-body'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

type Handler = (request: http.IncomingMessage, reply: http.ServerResponse) => void

async function listen(handler: Handler): Promise<number> {
  const server = http.createServer(handler)
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket))
  server.on('clientError', (_, socket) => socket.destroy())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return (server.address() as AddressInfo).port
}

/** Takes a whole body, and says which. */
function sink() {
  const received: string[] = []
  const handler: Handler = (request, reply) => {
    const hash = createHash('sha256')
    request.on('data', (chunk) => hash.update(chunk))
    request.on('end', () => {
      received.push(hash.digest('hex'))
      reply.setHeader('ETag', '"e"').end()
    })
    request.on('error', () => {})
  }
  return { received, handler }
}

const chunkSize = 100_000
const sha256OfChunks = (count: number) => {
  const hash = createHash('sha256')
  for (let i = 0; i < count; i++) hash.update(Buffer.alloc(chunkSize, i))
  return hash.digest('hex')
}

/** Chunks that all lie in one buffer, spoilt as soon as the next one is asked for. */
function reused(count: number, failAfter = Number.POSITIVE_INFINITY) {
  const buffer = Buffer.alloc(chunkSize)
  const state = { pulled: 0, closed: false, failure: new Error('the source broke') }
  async function* bytes() {
    try {
      for (let i = 0; i < count; i++) {
        if (i === failAfter) throw state.failure
        state.pulled++
        buffer.fill(i)
        yield buffer
        buffer.fill(255)
      }
    } finally {
      state.closed = true
    }
  }
  return Object.assign(state, { bytes: bytes() })
}

function put(port: number, length: number): http.ClientRequest {
  const headers = { 'Content-Length': length }
  const request = http.request({ host: '127.0.0.1', port, method: 'PUT', headers, agent: false })
  request.on('error', () => {})
  return request
}

describe('a request body piped into an http request', () => {
  it('arrives whole from a source that reuses one buffer', async () => {
    const { received, handler } = sink()
    const port = await listen(handler)
    const source = reused(60)
    const body = requestBody(source.bytes)
    const request = body.pipe(put(port, 60 * chunkSize))
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    response.resume()
    expect(received).toEqual([sha256OfChunks(60)])
    await expect(body.finished).resolves.toBeUndefined()
    expect(source.closed).toBe(true)
  })

  it('leaves a connection that breaks while it is written its own error', async () => {
    const broken = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })
    const destination = new Writable({ write: (_chunk, _encoding, done) => done(broken) })
    const body = requestBody(reused(3).bytes)
    body.pipe(destination)
    const [error] = await once(destination, 'error')
    expect(error).toBe(broken)
    await expect(body.finished).rejects.toBe(broken)
  })

  it('asks for the next chunk only when the last one was written', async () => {
    const port = await listen(() => {}) // never reads: the socket fills up
    const source = reused(1000)
    const request = requestBody(source.bytes).pipe(put(port, 1000 * chunkSize))
    await once(request, 'socket')
    let before = -1
    while (before !== source.pulled) {
      before = source.pulled
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    expect(source.pulled).toBeLessThan(200)
    request.destroy()
  })

  it('skips empty chunks', async () => {
    const { received, handler } = sink()
    const port = await listen(handler)
    const body = requestBody(
      Readable.from([Buffer.alloc(0), Buffer.from('ab'), Buffer.alloc(0), Buffer.from('c')]),
    )
    await once(body.pipe(put(port, 3)), 'response')
    expect(received).toEqual([createHash('sha256').update('abc').digest('hex')])
  })

  it('breaks the request when the source fails, with the error of the source', async () => {
    const { received, handler } = sink()
    const port = await listen(handler)
    const source = reused(10, 3)
    const body = requestBody(source.bytes)
    const request = put(port, 10 * chunkSize)
    const failed = new Promise((resolve) => request.once('error', resolve))
    body.pipe(request)
    expect(await failed).toBe(source.failure)
    await expect(body.finished).rejects.toBe(source.failure)
    expect(body.sourceError).toBe(source.failure)
    expect(request.destroyed).toBe(true)
    expect(received).toEqual([])
  })

  it('stops and frees the source when the request breaks', async () => {
    const port = await listen((request) => void request.once('data', () => request.socket.destroy()))
    const source = reused(1000)
    const body = requestBody(source.bytes)
    body.pipe(put(port, 1000 * chunkSize))
    await expect(body.finished).rejects.toThrow()
    expect(body.sourceError).toBeUndefined()
    await expect.poll(() => source.closed).toBe(true)
    expect(source.pulled).toBeLessThan(1000)
  })

  it('frees source and socket when it is destroyed after an early reply', async () => {
    const port = await listen((_, reply) => void reply.writeHead(403).end())
    const source = reused(1000)
    const body = requestBody(source.bytes)
    const request = put(port, 1000 * chunkSize)
    body.pipe(request)
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    response.resume()
    body.destroy()
    await expect.poll(() => source.closed).toBe(true)
    expect(request.destroyed).toBe(true)
  })

  it('frees a source that was never read', async () => {
    const readable = Readable.from([Buffer.from('x')])
    const body = requestBody(readable)
    body.destroy()
    await expect.poll(() => readable.destroyed).toBe(true)
    await expect(body.finished).rejects.toThrow()
  })

  it('is not stopped for ever by a source that does not answer', async () => {
    const port = await listen(() => {})
    async function* silent(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('a')
      await new Promise(() => {})
    }
    const body = requestBody(silent())
    const request = body.pipe(put(port, 2))
    await once(request, 'socket')
    body.destroy(new Error('enough'))
    await expect(body.finished).rejects.toThrow('enough')
    expect(request.destroyed).toBe(true)
  })
})

describe('a request body read as an ordinary stream', () => {
  it('gives copies of the chunks', async () => {
    const source = reused(20)
    const kept: Buffer[] = []
    for await (const chunk of requestBody(source.bytes)) kept.push(chunk)
    expect(createHash('sha256').update(Buffer.concat(kept)).digest('hex')).toBe(sha256OfChunks(20))
  })

  it('fails with the error of the source', async () => {
    const source = reused(20, 5)
    const body = requestBody(source.bytes)
    await expect(body.toArray()).rejects.toBe(source.failure)
    expect(body.sourceError).toBe(source.failure)
  })

  it('frees the source when it is left early', async () => {
    const source = reused(1000)
    for await (const _ of requestBody(source.bytes)) break
    await expect.poll(() => source.closed).toBe(true)
  })
})

describe('a request body in the AWS SDK', () => {
  const client = (port: number) => {
    const made = new S3Client({
      endpoint: `http://127.0.0.1:${port}`,
      region: 'default',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      forcePathStyle: true,
      maxAttempts: 1,
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    })
    closers.push(() => made.destroy())
    return made
  }
  const part = (body: Readable, count: number) =>
    new UploadPartCommand({
      Bucket: 'b',
      Key: 'k',
      UploadId: 'u',
      PartNumber: 1,
      Body: body,
      ContentLength: count * chunkSize,
    })

  it('arrives whole, also where the SDK waits for 100-continue', async () => {
    const { received, handler } = sink()
    const port = await listen(handler)
    await client(port).send(part(requestBody(reused(60).bytes), 60))
    expect(received).toEqual([sha256OfChunks(60)])
  })

  it('fails the call with the error of the source', async () => {
    const port = await listen(sink().handler)
    const source = reused(10, 3)
    await expect(client(port).send(part(requestBody(source.bytes), 10))).rejects.toBe(source.failure)
  })
})

describe('a request body in the COS SDK', () => {
  const cos = (port: number) =>
    new COS({ SecretId: 'a', SecretKey: 'b', Protocol: 'http:', Domain: `127.0.0.1:${port}` })
  const part = (body: Readable, count: number) => ({
    Bucket: 'b-125',
    Region: 'ap-guangzhou',
    Key: 'k',
    UploadId: 'u',
    PartNumber: 1,
    Body: body,
    ContentLength: count * chunkSize,
  })

  it('arrives whole', async () => {
    const { received, handler } = sink()
    const port = await listen(handler)
    await cos(port).multipartUpload(part(requestBody(reused(60).bytes), 60))
    expect(received).toEqual([sha256OfChunks(60)])
  })

  it('fails the call with the error of the source', async () => {
    const port = await listen(sink().handler)
    const source = reused(10, 3)
    await expect(cos(port).multipartUpload(part(requestBody(source.bytes), 10))).rejects.toMatchObject({
      message: 'the source broke',
    })
  })

  it('fails the call where the source failed before the SDK began to listen', async () => {
    const port = await listen(sink().handler)
    const body = requestBody(reused(10).bytes)
    body.destroy(new Error('too early'))
    await new Promise((resolve) => setImmediate(resolve))
    await expect(cos(port).multipartUpload(part(body, 10))).rejects.toMatchObject({ message: 'too early' })
  })
})
