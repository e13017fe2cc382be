import {
  GetObjectCommand,
  type GetObjectCommandInput,
  HeadObjectCommand,
  NoSuchKey,
  S3Client,
} from '@aws-sdk/client-s3'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ceph } from '../../../src/adapters/ceph'
import { RequestHandler } from '../../../src/adapters/ceph/request-handler'
import { StoreConnections } from '../../../src/adapters/object-store/connections'
import { createLifecycle } from '../../../src/lifecycle'
import { s3Server } from '../../../src/testing/servers'
import { withDirectReads } from '../../support/direct-reads'
import { settled } from '../../support/handles'
import { fullServer } from '../object-store/direct-get/full-server'
import { type Answer, rawServer, reply, textOf } from '../object-store/direct-get/raw-server'

withDirectReads()

const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' }

function clientOf(endpoint: string): S3Client {
  const client = new S3Client({
    endpoint,
    region: 'default',
    forcePathStyle: true,
    credentials,
    maxAttempts: 1,
    responseChecksumValidation: 'WHEN_REQUIRED',
  })
  onTestFinished(() => client.destroy())
  return client
}

/** Two clients that differ in their request handlers alone: the SDK's own, and ours. */
function clients(endpoint: string) {
  const ours = clientOf(endpoint)
  const connections = new StoreConnections(createLifecycle())
  const handler = new RequestHandler(ours.config.requestHandler, connections)
  onTestFinished(() => connections.close())
  Object.assign(ours.config, { requestHandler: handler })
  return { stock: clientOf(endpoint), ours }
}

const direct = { direct: true } as object

/** Only Node's client says so: a request without it went the direct way. */
const ofNode = /^connection: keep-alive$/im

/** A request without what differs from one to the next, and the order that nobody signs. */
function comparable(request: string) {
  const [line, ...headers] = request.trimEnd().split('\r\n')
  const own = /^(connection|amz-sdk-invocation-id|x-amz-date|x-amz-user-agent|user-agent):/i
  return {
    line,
    headers: headers
      .filter((header) => !own.test(header))
      .map((header) => header.replace(/Signature=\w+/, ''))
      .sort(),
  }
}

/** What becomes of a GET with either client, and what the server received. */
async function both(input: Partial<GetObjectCommandInput>, answer: Answer, host = '127.0.0.1') {
  const server = await rawServer(answer, { host })
  const { stock, ours } = clients(`http://${host.includes(':') ? `[${host}]` : host}:${server.port}`)
  const send = async (client: S3Client) => {
    const command = new GetObjectCommand({ Bucket: 'b', Key: 'k', ...input })
    return client.send(command, direct).then(
      async ({ Body, $metadata, ...output }) => ({ ...output, body: await textOf(Body as never) }),
      (error) => error,
    )
  }
  const results = [await send(stock), await send(ours)]
  return { server, results }
}

describe('a GET that is sent directly', () => {
  it.each<[string, Partial<GetObjectCommandInput>]>([
    ['a plain key', {}],
    ['a range and a pin', { Range: 'bytes=5-10', IfMatch: '"0123456789abcdef-2"' }],
    ['a version', { VersionId: 'a/b+c=d e&f' }],
    ['a key of everything that URLs know', { Key: 'a b%20+?#&=;:@$,!*\'()~[]{}|\\^`<>"/%' }],
    ['a key with dots in front', { Key: '..a/.b/...' }],
    ['a key with slashes', { Key: '/a//b/' }],
    ['a key of Chinese and emoji', { Key: '文件/影片 😀.mov' }],
    ['a key of other bytes', { Key: '\u0001\u007f\u00e4\u00a0' }],
    [
      'further parameters',
      { PartNumber: 2, ResponseContentType: 'a/b; c="d e"', ResponseExpires: new Date(0) },
    ],
    ['a date', { IfUnmodifiedSince: new Date(0) }],
    ['headers of encryption', { SSECustomerAlgorithm: 'AES256', SSECustomerKey: 'x'.repeat(32) }],
  ])('arrives as that of the SDK: %s', async (_, input) => {
    const { server, results } = await both(input, (socket) => socket.write(reply('x')))
    expect(results.map((result) => result.body)).toEqual(['x', 'x'])
    const [stock, ours] = server.requests
    expect(stock).toMatch(ofNode)
    expect(ours).not.toMatch(ofNode)
    expect(comparable(ours!)).toEqual(comparable(stock!))
  })

  it('goes to an IPv6 address', async () => {
    const { server, results } = await both({}, (socket) => socket.write(reply('x')), '::1')
    expect(results.map((result) => result.body)).toEqual(['x', 'x'])
    expect(server.requests[1]).toContain(`\r\nhost: [::1]:${server.port}\r\n`)
    expect(server.requests[1]).not.toMatch(ofNode)
  })

  it('gives what the SDK gives', async () => {
    const lines = [
      'ETag: "a"',
      'x-amz-meta-a: b',
      'Last-Modified: Thu, 01 Jan 1970 00:00:00 GMT',
      'x-amz-version-id: v',
    ]
    const { results } = await both({}, (socket) => socket.write(reply('hello', ...lines)))
    expect(results[0]).toMatchObject({ body: 'hello', ETag: '"a"', Metadata: { a: 'b' }, VersionId: 'v' })
    expect(results[1]).toEqual(results[0])
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
})

describe('the answer to a direct GET that is an error', () => {
  const xml = (code: string) => `<?xml version="1.0"?><Error><Code>${code}</Code><Message>m</Message></Error>`
  const facts = (error: { $metadata: object }) => ({
    ...error,
    $metadata: { ...error.$metadata },
    $response: null,
  })

  it.each([
    ['404 Not Found', 'NoSuchKey'],
    ['403 Forbidden', 'AccessDenied'],
    ['412 Precondition Failed', 'PreconditionFailed'],
    ['416 Range Not Satisfiable', 'InvalidRange'],
    ['503 Slow Down', 'SlowDown'],
    ['301 Moved Permanently', 'PermanentRedirect'],
  ])('is that of the SDK, after one request: %s', async (status, code) => {
    const body = xml(code)
    const head = `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\nx-amz-request-id: r\r\n\r\n`
    const { server, results } = await both({}, (socket) => socket.write(head + body))
    expect(results[1]).toMatchObject({ name: code, message: 'm', $metadata: { requestId: 'r' } })
    expect(results[1].constructor).toBe(results[0].constructor)
    expect(facts(results[1])).toEqual(facts(results[0]))
    expect(results[1] instanceof NoSuchKey).toBe(code === 'NoSuchKey')
    expect(server.requests).toHaveLength(2)
  })

  it('is that of the SDK where it has no length, after another request in the usual way', async () => {
    const body = xml('NoSuchKey')
    const head = 'HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n'
    const { server, results } = await both({}, (socket) =>
      socket.write(`${head}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`),
    )
    expect(results[1]).toBeInstanceOf(NoSuchKey)
    expect(server.requests.map((request) => ofNode.test(request))).toEqual([true, false, true])
  })

  it('leaves the connection to the next request', async () => {
    const server = await rawServer((socket) =>
      socket.write('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'),
    )
    const { ours } = clients(`http://127.0.0.1:${server.port}`)
    for (let nth = 0; nth < 3; nth++) {
      const sending = ours.send(new GetObjectCommand({ Bucket: 'b', Key: 'k' }), direct)
      await expect(sending).rejects.toMatchObject({ $metadata: { httpStatusCode: 404 } })
    }
    expect(server.accepted).toBe(1)
  })
})

describe('other requests', () => {
  it.each([
    ['a GET that is not marked', new GetObjectCommand({ Bucket: 'b', Key: 'k' }), {}],
    ['a HEAD', new HeadObjectCommand({ Bucket: 'b', Key: 'k' }), direct],
  ])('go through the agents: %s', async (_, command, options) => {
    const server = await rawServer((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'))
    const { ours } = clients(`http://127.0.0.1:${server.port}`)
    await ours.send(command as GetObjectCommand, options)
    expect(server.requests[0]).toMatch(ofNode)
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
