import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import COS from 'cos-nodejs-sdk-v5'
import { type CosOptions, cos } from '../../../src/adapters/cos'
import { TransferError } from '../../../src/contract/errors'
import type { Body } from '../../../src/contract/sink'
import type { Bytes } from '../../../src/contract/source'
import { type CosServer, type CosServerOptions, cosServer } from '../../../src/testing/servers'

export const region = 'ap-guangzhou'

export interface Pair extends AsyncDisposable {
  readonly server: CosServer
  readonly store: ReturnType<typeof cos>
}

/** A server and a store of its bucket; both end with the test. */
export async function pair(options: CosServerOptions = {}, change: Partial<CosOptions> = {}): Promise<Pair> {
  const server = await cosServer(options)
  const store = cos({ ...optionsFor(server), ...change })
  return {
    server,
    store,
    async [Symbol.asyncDispose]() {
      await store.close()
      await server.close()
    },
  }
}

export const optionsFor = (server: CosServer): CosOptions => ({
  bucket: server.bucket,
  region,
  credentials: { secretId: server.credentials.secretId, secretKey: server.credentials.secretKey },
  endpoint: server.url,
})

/** As a caller would make one. */
export const sdk = (server: CosServer, change: COS.COSOptions = {}) =>
  new COS({
    SecretId: server.credentials.secretId,
    SecretKey: server.credentials.secretKey,
    Protocol: 'http:',
    Domain: server.host,
    ...change,
  })

/** A store of a server that answers as the test says, for what a well-behaved server cannot be made to do. */
export async function answering(listener: RequestListener, change: Partial<CosOptions> = {}) {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const credentials = { secretId: 'AKIDexample', secretKey: 'example-key' }
  const store = cos({ bucket: 'archive-1250000000', region, credentials, endpoint, ...change })
  return {
    store,
    endpoint,
    async [Symbol.asyncDispose]() {
      await store.close()
      server.closeAllConnections()
      server.close()
    },
  }
}

export const plain = { attributes: {}, createOnly: false }

export function bodyOf(bytes: Uint8Array, size = bytes.byteLength): Body {
  return { size, open: async () => chunks(bytes) }
}

async function* chunks(bytes: Uint8Array): Bytes & AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += 64 * 1024)
    yield bytes.subarray(start, start + 64 * 1024)
}

/** A body that says how it was left. */
export function watchedBody(size: number, chunk: () => Promise<Uint8Array>): Body & { left: Promise<void> } {
  let leave!: () => void
  const left = new Promise<void>((resolve) => {
    leave = resolve
  })
  async function* endless(): Bytes & AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield await chunk()
    } finally {
      leave()
    }
  }
  return { size, left, open: async () => endless() }
}

export const part = (size: number, index = 0) => ({ index, start: 0, size })

export async function read(bytes: Bytes): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const chunk of bytes) all.push(Uint8Array.from(chunk))
  return Buffer.concat(all)
}

/** What a call rejects with; fails where it resolves. */
export async function failure(call: Promise<unknown>): Promise<TransferError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (TransferError.is(error)) return error
  throw new Error(`expected a TransferError, got ${String(error)}`)
}
