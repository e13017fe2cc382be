// @ts-check
/**
 * A worker as far as its metrics go: moves an object from Ceph to COS again and again, on a bad
 * line, and prints the port of its metrics. Ends with its standard input.
 */
import { Queue } from 'bullmq'
import { lifecycle, transfer } from 'sluiceway'
import { ceph } from 'sluiceway/ceph'
import { cos } from 'sluiceway/cos'
import { memory } from 'sluiceway/memory'
import { cosServer } from 'sluiceway/testing'
import { startMetrics } from '../../../examples/observability/metrics.mjs'

const { role = '', redis, store: options } = JSON.parse(process.env.TRAFFIC ?? '{}')
const MiB = 1024 * 1024

const queue = redis && new Queue('deliveries', { connection: { path: redis } })
await queue?.add('delivery', {})
const { port } = await startMetrics({ port: 0, process: role, host: '127.0.0.1', queue })

const server = await cosServer({ storage: 'discard' })
const staging = ceph(options)
const archive = cos({
  endpoint: server.url,
  bucket: server.bucket,
  region: 'ap-guangzhou',
  credentials: server.credentials,
})
const local = memory()
const writer = await local.sink('film').begin({ attributes: {}, createOnly: false })
await writer.commit([await writer.writePart({ index: 0, start: 0, size: 8 * MiB }, zeros(8 * MiB))])
await transfer(local.source('film'), staging.sink(`film-${role}`))

process.stdin.resume().once('end', () => process.exit())
console.log(port)
for (;;) {
  await lifecycle.onTaskStart()
  server.misbehave({ when: { operation: 'UploadPart' }, fault: { type: 'status', status: 503 } })
  server.misbehave({ when: { operation: 'UploadPart' }, fault: { type: 'reset' } })
  await transfer(staging.source(`film-${role}`), archive.sink('film'), {
    partSize: MiB,
    retry: { retries: 12, minDelay: 1, maxDelay: 10 },
  })
  await transfer(staging.source('missing'), archive.sink('missing')).catch(() => {})
  server.behave()
  await new Promise((resolve) => setTimeout(resolve, 100))
}

/** @param {number} size */
function zeros(size) {
  return {
    size,
    async open() {
      return (async function* () {
        yield Buffer.alloc(size)
      })()
    },
  }
}
