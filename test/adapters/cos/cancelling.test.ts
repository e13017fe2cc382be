import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import COS from 'cos-nodejs-sdk-v5'
import { describe, expect, it, vi } from 'vitest'
import { cos } from '../../../src/adapters/cos'
import { TransferError } from '../../../src/contract/errors'
import type { WriteSession } from '../../../src/contract/sink'
import { crc64 } from '../../../src/testing'
import { answering, bodyOf, failure, pair, part, plain, read, region, sdk, watchedBody } from './servers'

const mebibyte = 1024 ** 2
const bytes = Buffer.alloc(mebibyte, 'sluiceway')
const few = Buffer.alloc(10)
const digests = (of: Uint8Array) => ({ md5: createHash('md5').update(of).digest('hex'), crc64: crc64(of) })

describe('the queue of putObject', () => {
  it('holds no call back: more than three are sent at a time', async () => {
    await using at = await pair()
    at.server.misbehave({ times: 5, fault: { type: 'stall' } })
    const controller = new AbortController()
    const { signal } = controller
    const puts = [1, 2, 3, 4, 5].map((n) => {
      const content = Buffer.from([n])
      return failure(at.store.sink(`key ${n}`).put!(plain, content, digests(content), { signal }))
    })
    await vi.waitFor(() => expect(at.server.requests.length).toBe(5))
    controller.abort()
    expect((await Promise.all(puts)).map(({ code }) => code)).toEqual(Array(5).fill('ABORTED'))
  })
})

describe('cancelling', () => {
  const operations: Record<
    string,
    (at: Awaited<ReturnType<typeof pair>>, session: WriteSession, signal: AbortSignal) => Promise<unknown>
  > = {
    'a HEAD': ({ store }, _, signal) => store.source('key').stat({ signal }),
    'a GET': ({ store }, _, signal) => store.source('key').open(undefined, { signal }),
    'a PUT': ({ store }, _, signal) => store.sink('key').put!(plain, few, digests(few), { signal }),
    'a part': (_at, session, signal) => session.writePart(part(10), bodyOf(few), { signal }),
    'a list of parts': (_at, session, signal) => session.listParts!({ signal }),
    'an abort': (_at, session, signal) => session.abort({ signal }),
    'a listing': async ({ store }, _, signal) => {
      for await (const _info of store.list('', { signal }));
    },
  }
  for (const [name, call] of Object.entries(operations)) {
    it(`settles ${name} at once and closes its socket, where the SDK never settles`, async () => {
      await using at = await pair()
      await at.server.put('key', bytes)
      const session = await at.store.sink('other').begin(plain)
      at.server.misbehave({ times: 100, fault: { type: 'stall' } })
      const before = at.server.requests.length
      const controller = new AbortController()
      const reason = new TransferError('TIMEOUT', 'too slow', { retry: 'temporary' })
      const running = failure(call(at, session, controller.signal))
      await vi.waitFor(() => expect(at.server.requests.length).toBe(before + 1))
      controller.abort(reason)
      expect(await running).toBe(reason)
      // A GET has a connection of its own, so the idle one that began the session stays.
      const idle = name === 'a GET' ? 1 : 0
      await vi.waitFor(() => expect(at.server.connections.open).toBe(idle))
      at.server.behave()
      await session.abort()
    })
  }

  it('with a reason of the caller rejects as ABORTED, with that as the cause', async () => {
    await using at = await pair()
    const signal = AbortSignal.abort('enough')
    expect(await failure(at.store.source('key').stat({ signal }))).toMatchObject({
      code: 'ABORTED',
      cause: 'enough',
    })
    expect(at.server.requests).toEqual([])
  })

  it('while a client signs asynchronously sends nothing any more, not even when the signature comes', async () => {
    await using at = await pair()
    let sign: (() => void) | undefined
    const { secretId: SecretId, secretKey: SecretKey } = at.server.credentials
    const getAuthorization = (options: object, callback: (signature: string) => void) => {
      sign = () => callback(COS.getAuthorization({ ...options, SecretId, SecretKey } as never))
    }
    const client = sdk(at.server, { SecretId: '', SecretKey: '', getAuthorization } as never)
    const store = cos({ bucket: at.server.bucket, region, client })
    const controller = new AbortController()
    const running = failure(store.source('key').stat({ signal: controller.signal }))
    await vi.waitFor(() => expect(sign).toBeDefined())
    controller.abort()
    expect((await running).code).toBe('ABORTED')
    sign!()
    await sleep(20)
    expect(at.server.requests).toEqual([])
    await store.close()
  })

  it('frees the body also when the server has answered before its end', async () => {
    await using at = await answering((request, response) => {
      if (request.method !== 'PUT')
        response.end(xml('InitiateMultipartUploadResult', '<UploadId>1</UploadId>'))
      else request.once('data', () => request.pause() && response.writeHead(200, { etag: '"early"' }).end())
    })
    const session = await at.store.sink('key').begin(plain)
    const controller = new AbortController()
    const body = watchedBody(1024 * mebibyte, async () => bytes)
    const sent = failure(session.writePart(part(1024 * mebibyte), body, { signal: controller.signal }))
    await sleep(50)
    controller.abort()
    expect((await sent).code).toBe('ABORTED')
    await body.left
  })

  it('while credentials are awaited settles without a request', async () => {
    const controller = new AbortController()
    await using at = await pair({}, { credentials: () => new Promise(() => {}) })
    const running = failure(at.store.source('key').stat({ signal: controller.signal }))
    controller.abort()
    expect((await running).code).toBe('ABORTED')
    expect(at.server.requests).toEqual([])
  })

  it('in the middle of a download closes its socket', async () => {
    await using at = await pair()
    await at.server.addSynthetic('key', 64 * mebibyte)
    const controller = new AbortController()
    const body = await at.store.source('key').open(undefined, { signal: controller.signal })
    controller.abort()
    expect((await failure(read(body))).code).toBe('ABORTED')
    await vi.waitFor(() => expect(at.server.connections.open).toBe(0))
  })
})

const xml = (name: string, content: string) => `<${name}>${content}</${name}>`
