import { setTimeout as sleep } from 'node:timers/promises'
import { cosServer, faultProxy } from 'sluiceway/testing'

/**
 * A COS server in a process of its own: it outlives the workers that are killed, and a test that looks at it takes
 * nothing from its event loop. Workers reach it over a line whose speed can be limited. Ends with its parent.
 */
const server = await cosServer({ storage: { dir: process.argv[2]! } })
const line = await faultProxy({ target: { port: server.port } })

/** What a parent can ask for. Arguments and results are plain data. */
const methods = {
  facts: () => ({ url: line.url, bucket: server.bucket, credentials: server.credentials }),
  addSynthetic: async (key: string, size: number, seed: number) => {
    await server.addSynthetic(key, size, { seed })
  },
  /** Bytes per second of all connections together, each way. */
  limit: (bytesPerSecond?: number) => line.limit(bytesPerSecond),
  moved,
  /** Settles when so many bytes have been moved. */
  async reach(bytes: number) {
    while (moved() < bytes) await sleep(5)
  },
  /** How many requests of this kind have come. */
  count: (operation: string) => server.requests.filter((request) => request.operation === operation).length,
  keys: () => server.objects().map(({ key }) => key),
  uploads: () => server.uploads().map(({ key }) => key),
}

export type CosMethods = typeof methods

/** Bytes of parts that have arrived and bytes of objects that have left, those of unfinished requests included. */
function moved(): number {
  let bytes = 0
  for (const { operation, bytesReceived, bytesSent } of server.requests) {
    if (operation === 'UploadPart') bytes += bytesReceived
    if (operation === 'GetObject') bytes += bytesSent
  }
  return bytes
}

interface Question {
  readonly id: number
  readonly method: keyof CosMethods
  readonly args: readonly never[]
}

process.on('message', async ({ id, method, args }: Question) => {
  const call = methods[method] as (...args: readonly never[]) => unknown
  try {
    process.send?.({ id, result: await call(...args) })
  } catch (error) {
    process.send?.({ id, error: String(error) })
  }
})
process.on('disconnect', async () => {
  await Promise.all([line.close(), server.close()])
  process.exit()
})
process.send?.({ ready: true })
