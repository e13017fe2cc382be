import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type ConnectionCounts, Connections } from './connections'
import { type Contents, contentsOf } from './contents'
import type { Dialect } from './dialect'
import { type Misbehaviour, type MisbehaviourRule, Rules } from './misbehaviour/rules'
import { Bucket } from './model/bucket'
import type { Service } from './operations/service'
import { bytesStore, type TestServerOptions } from './options'
import { Outage } from './outage'
import { RequestLog, type RequestRecord } from './request-log'
import { serve } from './serve'

/** What the servers of both services offer. */
export interface TestServer<C> extends Contents {
  /** Such as `http://127.0.0.1:40123`. */
  readonly url: string
  /** The same as `127.0.0.1:40123`, as the `Domain` and `Ip` of the COS SDK want it. */
  readonly host: string
  readonly port: number
  readonly bucket: string
  /** The first of those that are accepted. */
  readonly credentials: C
  /** The latest, oldest first. */
  readonly requests: readonly RequestRecord[]
  readonly connections: ConnectionCounts
  /** Lets requests go wrong. Rules are asked in the order they were made; the first that applies wins. */
  misbehave(rule: MisbehaviourRule): Misbehaviour
  /** Forgets all rules, and ends an outage. */
  behave(): void
  /** Destroys all connections and frees the port; files of the storage folder are removed. May be called twice. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export async function startServer<C>(
  name: string,
  dialect: Dialect,
  credentials: C,
  options: TestServerOptions,
): Promise<TestServer<C>> {
  const { storage = 'memory', port = 0, keepAliveTimeout = 65_000, now = () => new Date() } = options
  const service: Service = { dialect, bucket: new Bucket(name), store: bytesStore(storage), now }
  const rules = new Rules()
  const log = new RequestLog()
  const serving = { service, rules, log, outage: (ms: number) => outage.begin(ms) }
  // A request may last as long as its test wants it to.
  const server = createServer({ keepAliveTimeout, requestTimeout: 0, maxHeaderSize: 64 * 1024 })
  server.on('request', (request, response) => void serve(serving, request, response, false))
  server.on('checkContinue', (request, response) => void serve(serving, request, response, true))
  const connections = new Connections(server)
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const outage = new Outage(server, connections, Number(host.split(':')[1]))
  let closed: Promise<void> | undefined
  const close = () => {
    closed ??= (async () => {
      outage.stop()
      const done = once(server, 'close')
      server.close()
      connections.destroy()
      await done
      for (const upload of [...service.bucket.uploads.values()]) await service.bucket.end(upload)
      for (const key of [...service.bucket.keys()]) await service.bucket.remove(key)
    })()
    return closed
  }
  return {
    ...contentsOf(service),
    url: `http://${host}`,
    host,
    port: Number(host.split(':')[1]),
    bucket: name,
    credentials,
    requests: log.records,
    connections,
    misbehave: (rule) => rules.add(rule),
    behave: () => {
      rules.clear()
      outage.end()
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
