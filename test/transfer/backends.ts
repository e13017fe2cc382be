import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ceph } from '../../src/adapters/ceph'
import { cos } from '../../src/adapters/cos'
import type { Store } from '../../src/contract/store'
import { type CosServer, cosServer, type S3Server, s3Server } from '../../src/testing/servers'

export const KiB = 1024
const limits = { minPartSize: KiB, maxPutSize: 32 * KiB }

/** A test server and a store of its bucket. Both end with the test. */
export interface Backend extends AsyncDisposable {
  readonly server: S3Server | CosServer
  readonly store: Store
  /** Another store of the same bucket, as another process has it. */
  open(): Store
}

export const backendNames = ['ceph', 'cos'] as const
export type BackendName = (typeof backendNames)[number]

/** What stands between the client and the server answers 200 with a page of its own; undefined where it passes on. */
export type Page = (request: IncomingMessage) => 'instead of the work' | 'after the work' | undefined

export async function openBackend(name: BackendName, page?: Page): Promise<Backend> {
  const server = name === 'ceph' ? await s3Server({ limits }) : await cosServer({ limits })
  const middle = page && (await startMiddle(server.port, page))
  const endpoint = middle?.url ?? server.url
  const stores: Store[] = []
  const open = () => {
    const store = storeOf(server, endpoint)
    stores.push(store)
    return store
  }
  return {
    server,
    store: open(),
    open,
    async [Symbol.asyncDispose]() {
      await Promise.all(stores.map((store) => store.close()))
      middle?.close()
      await server.close()
    },
  }
}

function storeOf(server: S3Server | CosServer, endpoint: string): Store {
  const { bucket, credentials } = server
  return 'secretKey' in credentials
    ? cos({ endpoint, bucket, region: 'ap-guangzhou', credentials, limits })
    : ceph({ endpoint, bucket, credentials, limits })
}

async function startMiddle(port: number, page: Page) {
  const server = createServer((request, response) => {
    const asked = page(request)
    const sendPage = () => {
      response.writeHead(200, { 'content-type': 'text/html' })
      response.end('<!DOCTYPE html><html><body>Please sign in to the network.</body></html>')
    }
    if (asked === 'instead of the work') {
      request.resume().on('end', sendPage)
      return
    }
    const { method, url: path, headers } = request
    const onwards = httpRequest({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
      if (asked) return void answer.resume().on('end', sendPage)
      response.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(response)
    })
    onwards.on('error', () => response.destroy())
    request.pipe(onwards)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
