import type { Socket } from 'node:net'
import { S3Client } from '@aws-sdk/client-s3'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ceph } from '../../../../src/adapters/ceph'
import { createLifecycle } from '../../../../src/lifecycle'
import { s3Server } from '../../../../src/testing/servers'
import { withDirectReads } from '../../../support/direct-reads'
import { settled } from '../../../support/handles'
import { fullServer } from '../../object-store/direct-get/full-server'
import { type Answer, rawServer, reply, textOf } from '../../object-store/direct-get/raw-server'

withDirectReads()

const credentials = { accessKeyId: 'key', secretAccessKey: 'secret', sessionToken: 'token' }

type CephStore = ReturnType<typeof ceph>

/** Two stores that differ in who makes their requests: the SDK, for a client that was handed in, and we. */
function stores(endpoint: string): CephStore[] {
  const client = new S3Client({
    endpoint,
    region: 'default',
    forcePathStyle: true,
    credentials,
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })
  onTestFinished(() => client.destroy())
  const both = [ceph({ bucket: 'b', client }), ceph({ bucket: 'b', endpoint, credentials })]
  for (const store of both) onTestFinished(() => store.close())
  return both
}

/** Only Node's client says so: a request without it went the direct way. */
const ofNode = /^connection: keep-alive$/im

/** A request without what differs from one to the next, what the SDK says of itself, and the order that nobody signs. */
function comparable(request: string) {
  const [line = '', ...headers] = request.trimEnd().split('\r\n')
  const own = /^(connection|amz-sdk-.*|x-amz-date|x-amz-user-agent|user-agent|authorization):/i
  return {
    line: line.replace(/[?&]x-id=\w+/, (found) => (found[0] === '?' ? '?' : '')).replace(/\?(?= HTTP)/, ''),
    headers: headers
      .filter((header) => !own.test(header))
      .map((header) => header.replace(/^[^:]+/, (name) => name.toLowerCase()))
      .sort(),
  }
}

/** What becomes of a call in either store, and what the server received. */
async function both<T>(call: (store: CephStore) => Promise<T>, answer: Answer, host = '127.0.0.1') {
  const server = await rawServer(answer, { host })
  const [stock, ours] = stores(`http://${host.includes(':') ? `[${host}]` : host}:${server.port}`)
  const results = [await call(stock!).catch((error) => error), await call(ours!).catch((error) => error)]
  return { server, results }
}

const keys = [
  'k',
  'a b%20+?#&=;:@$,!*\'()~[]{}|\\^`<>"/%',
  '..a/.b/...',
  '/a//b/',
  '文件/影片 😀.mov',
  '\u0001\u007f\u00e4\u00a0',
]
const etag = '"0123456789abcdef-2"'

describe('a request for an object', () => {
  it.each<[string, { start: number; end: number } | undefined, string | undefined]>([
    ...keys.map((key) => [key, undefined, undefined] as [string, undefined, undefined]),
    ['a range and a pin', { start: 5, end: 6 }, etag],
    ['a version', undefined, 'a/b+c=d e&f'],
  ])('arrives as that of the SDK: a GET of %s', async (key, range, version) => {
    const open = async (store: CephStore) => textOf(await store.source(key).open(range, { version }))
    const facts = [`ETag: ${etag}`, ...(range ? ['Content-Range: bytes 5-5/9'] : [])]
    const { server, results } = await both(open, (socket) => socket.write(reply('x', ...facts)))
    expect(results).toEqual(['x', 'x'])
    const [stock, ours] = server.requests
    expect(stock).toMatch(ofNode)
    expect(ours).not.toMatch(ofNode)
    expect(comparable(ours!)).toEqual(comparable(stock!))
  })

  it.each(keys)('arrives as that of the SDK: a HEAD of %s', async (key) => {
    const stat = (store: CephStore) => store.source(key).stat({ version: 'v' })
    const { server } = await both(stat, (socket) => socket.write(reply('', `ETag: ${etag}`)))
    expect(comparable(server.requests[1]!)).toEqual(comparable(server.requests[0]!))
  })

  it.each<[string, object]>([
    ['without attributes', {}],
    [
      'with all of them',
      {
        contentType: 'text/plain; charset=utf-8',
        cacheControl: 'no-cache',
        contentDisposition: 'attachment; filename="a  b"',
        contentEncoding: 'gzip',
        storageClass: 'COLD',
        metadata: { plain: 'a  b', other: ' 文 ' },
      },
    ],
  ])('arrives as that of the SDK: a PUT %s', async (_, attributes) => {
    const digests = { md5: '900150983cd24fb0d6963f7d28e17f72', crc64: '1' }
    const put = (store: CephStore) =>
      store.sink('k').put!({ attributes, createOnly: false }, Buffer.from('abc'), digests)
    const { server, results } = await both(put, (socket) =>
      socket.write(reply('', 'ETag: "900150983cd24fb0d6963f7d28e17f72"')),
    )
    expect(results[0]).toMatchObject({ md5: digests.md5 })
    expect(results[1]).toEqual(results[0])
    expect(comparable(server.requests[1]!)).toEqual(comparable(server.requests[0]!))
  })

  it('goes to an IPv6 address', async () => {
    const open = async (store: CephStore) => textOf(await store.source('k').open())
    const { server, results } = await both(open, (socket) => socket.write(reply('x')), '::1')
    expect(results).toEqual(['x', 'x'])
    expect(server.requests[1]).toContain(`\r\nhost: [::1]:${server.port}\r\n`)
  })

  it('gives what the SDK gives', async () => {
    const lines = [
      `ETag: ${etag}`,
      'x-amz-meta-a: =?UTF-8?B?5paH?=',
      'Last-Modified: Thu, 01 Jan 1970 00:00:00 GMT',
      'x-amz-version-id: v',
      'x-amz-storage-class: COLD',
      'Content-Type: text/plain',
      'Cache-Control: no-cache',
      'Content-Disposition: inline',
      'Content-Encoding: gzip',
      'x-amz-server-side-encryption: aws:kms',
      'Content-Range: bytes 0-4/5',
    ]
    const peek = async (store: CephStore) => {
      const { info, bytes } = await store.source('k').peek!(100)
      return { info, text: await textOf(bytes!) }
    }
    const { results } = await both(peek, (socket) => socket.write(reply('hello', ...lines)))
    expect(results[0]).toMatchObject({ text: 'hello', info: { size: 5, version: 'v', storageClass: 'COLD' } })
    expect(results[1]).toEqual(results[0])
  })

  it('is followed by a HEAD where the server knows no ranges', async () => {
    const peek = (store: CephStore) => store.source('k').peek!(100)
    const { server, results } = await both(peek, (socket, request) =>
      socket.write(reply(request.startsWith('HEAD') ? '' : 'hello', `ETag: ${etag}`)),
    )
    for (const result of results) expect(result.bytes).toBeUndefined()
    expect(server.requests.map((request) => request.slice(0, 4))).toEqual(['GET ', 'HEAD', 'GET ', 'HEAD'])
  })

  it('is accepted by a server that checks its signature, whatever the key', async () => {
    const server = await s3Server()
    const store = ceph({ bucket: server.bucket, endpoint: server.url, credentials: server.credentials })
    onTestFinished(() => server.close())
    onTestFinished(() => store.close())
    for (const key of ["a b%20+?#&=;:@$,!*'()~", '..a/.b', '文件/影片 😀.mov', 'a//b/']) {
      await server.put(key, key)
      const { version } = await store.source(key).stat()
      const bytes = await store.source(key).open({ start: 1, end: 3 }, { version })
      expect(await textOf(bytes)).toBe(Buffer.from(key).subarray(1, 3).toString('latin1'))
    }
  })

  it('is signed with the clock of the gateway, once that has refused it', async () => {
    const ahead = 3_600_000
    const server = await s3Server({ now: () => new Date(Date.now() + ahead) })
    const store = ceph({ bucket: server.bucket, endpoint: server.url, credentials: server.credentials })
    onTestFinished(() => server.close())
    onTestFinished(() => store.close())
    await server.put('k', 'x')
    const date = new Date(Date.now() + ahead).toUTCString()
    const fault = { type: 'status', status: 403, code: 'RequestTimeTooSkewed', headers: { date } } as const
    server.misbehave({ fault })
    await expect(store.source('k').open()).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      retry: 'temporary',
    })
    expect(await textOf(await store.source('k').open())).toBe('x')
  })

  it('is to be sent again when it was under way while another one was refused for its clock', async () => {
    const date = new Date(Date.now() + 3_600_000).toUTCString()
    const xml = '<Error><Code>RequestTimeTooSkewed</Code><Message>m</Message></Error>'
    const refusal = `HTTP/1.1 403 Forbidden\r\nContent-Length: ${xml.length}\r\nDate: ${date}\r\n\r\n${xml}`
    const waiting: Socket[] = []
    const server = await rawServer((socket) => {
      waiting.push(socket)
      if (waiting.length === 2) for (const one of waiting) one.write(refusal)
    })
    const endpoint = `http://127.0.0.1:${server.port}`
    const store = ceph({ bucket: 'b', endpoint, credentials })
    onTestFinished(() => store.close())
    const both = ['k', 'l'].map((key) =>
      store
        .source(key)
        .open()
        .catch((error) => error),
    )
    for (const error of await Promise.all(both)) expect(error).toMatchObject({ retry: 'temporary' })
  })
})

describe('an answer that is an error', () => {
  const xml = (code: string) => `<?xml version="1.0"?><Error><Code>${code}</Code><Message>m</Message></Error>`
  const open = async (store: CephStore) => textOf(await store.source('k').open(undefined, { version: etag }))
  const facts = ({ code, retry, context, message }: Record<string, unknown>) => ({
    code,
    retry,
    context,
    message,
  })

  it.each([
    ['404 Not Found', 'NoSuchKey', 'SOURCE_CHANGED'],
    ['403 Forbidden', 'AccessDenied', 'ACCESS_DENIED'],
    ['412 Precondition Failed', 'PreconditionFailed', 'SOURCE_CHANGED'],
    ['416 Range Not Satisfiable', 'InvalidRange', 'TRUNCATED'],
    ['503 Slow Down', 'SlowDown', 'THROTTLED'],
    ['500 Internal Server Error', 'InternalError', 'SERVER_ERROR'],
    ['301 Moved Permanently', 'PermanentRedirect', expect.any(String)],
  ])('means what it means to the SDK, after one request: %s', async (status, reason, code) => {
    const body = xml(reason)
    const head = `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\nx-amz-request-id: r\r\nRetry-After: 2\r\n\r\n`
    const { server, results } = await both(open, (socket) => socket.write(head + body))
    expect(results[1]).toMatchObject({ code, context: { reason, requestId: 'r' } })
    expect(facts(results[1])).toEqual(facts(results[0]))
    expect(server.requests).toHaveLength(2)
  })

  it('is asked for again in the usual way where it has no length', async () => {
    const body = xml('NoSuchKey')
    const head = 'HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n'
    const { server, results } = await both(open, (socket) =>
      socket.write(`${head}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`),
    )
    expect(facts(results[1])).toEqual(facts(results[0]))
    expect(server.requests.map((request) => ofNode.test(request))).toEqual([true, false, true])
  })

  it('is judged by its status where it comes from a proxy', async () => {
    const body = '<html>Bad Gateway'
    const head = `HTTP/1.1 502 Bad Gateway\r\nContent-Length: ${body.length}\r\n\r\n`
    const { results } = await both(open, (socket) => socket.write(head + body))
    expect(results[1]).toMatchObject({ code: 'SERVER_ERROR', retry: 'temporary', context: { status: 502 } })
  })

  it('leaves the connection to the next request', async () => {
    const server = await rawServer((socket) =>
      socket.write('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'),
    )
    const lifecycle = createLifecycle()
    const store = ceph({ bucket: 'b', endpoint: `http://127.0.0.1:${server.port}`, credentials, lifecycle })
    onTestFinished(() => store.close())
    for (let nth = 0; nth < 3; nth++) {
      await expect(store.source('k').open()).rejects.toMatchObject({ code: 'NOT_FOUND' })
    }
    expect(server.accepted).toBe(1)
  })
})

describe('a source over direct GETs', () => {
  const storeAt = (port: number) => {
    const store = ceph({ bucket: 'b', endpoint: `http://127.0.0.1:${port}`, credentials })
    onTestFinished(() => store.close())
    return store
  }

  it('obeys the limit of connecting', async () => {
    const store = storeAt(await fullServer())
    const opening = store.source('k').open(undefined, { connectTimeout: 50 })
    await expect(opening).rejects.toMatchObject({ code: 'TIMEOUT', retry: 'temporary' })
  })

  it('says so when the connection is refused or breaks', async () => {
    const server = await rawServer((socket) => socket.destroy())
    const store = storeAt(server.port)
    const failed = { code: 'CONNECTION', retry: 'temporary' }
    await expect(store.source('k').open()).rejects.toMatchObject(failed)
    await server.close()
    await expect(store.source('k').open()).rejects.toMatchObject(failed)
  })

  it.each([
    ['before an answer', ''],
    ['within the head', 'HTTP/1.1 200 OK\r\n'],
    ['within the text of an error', 'HTTP/1.1 404 Not Found\r\nContent-Length: 100\r\n\r\n<Error>'],
    ['before a body that nobody reads', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc'],
  ])('frees its connection when the signal fires %s', async (_, sent) => {
    const server = await rawServer((socket) => socket.write(sent))
    const controller = new AbortController()
    const opening = storeAt(server.port).source('k').open(undefined, { signal: controller.signal })
    const outcome = opening.catch((error) => error)
    await settled(() => server.requests.length === 1)
    if (sent.endsWith('abc')) await opening
    controller.abort('enough')
    await settled(() => server.sockets.size === 0)
    if (!sent.endsWith('abc')) expect(await outcome).toMatchObject({ code: 'ABORTED', cause: 'enough' })
  })

  it('closes its connections with the store', async () => {
    const server = await rawServer((socket) => socket.write(reply('x')))
    const store = storeAt(server.port)
    await textOf(await store.source('k').open())
    expect(server.sockets.size).toBe(1)
    await store.close()
    await settled(() => server.sockets.size === 0)
  })
})
