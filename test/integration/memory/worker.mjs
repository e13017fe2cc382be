// @ts-check
/** One transfer, by the built package and plain Node, as a container would run it. Prints what became of it. */
import { transfer } from 'sluiceway'
import { ceph } from 'sluiceway/ceph'
import { cos } from 'sluiceway/cos'
import { disk } from 'sluiceway/disk'
import { stream } from 'sluiceway/stream'

const job = JSON.parse(process.env.JOB ?? '{}')
/** @type {any} */
const stores = { ceph, cos, disk }
const to = stores[job.to.kind](job.to.options)
const from = job.from.kind === 'stream' ? undefined : stores[job.from.kind](job.from.options)
const source = from ? from.source(job.from.key) : stream(blocks(job.size), job.from.options)

const { bytes, parts, partSize, retries, verified } = await transfer(source, to.sink(job.to.key), job.options)
await Promise.all([from?.close(), to.close()])
console.log(JSON.stringify({ bytes, parts, partSize, retries, verified }))

/** As an upload request would give them: its length is not known to the transfer. */
async function* blocks(/** @type {number} */ size) {
  const block = Buffer.alloc(64 * 1024, 7)
  for (let at = 0; at < size; at += block.length) {
    yield block.subarray(0, size - at)
    // A generator that never waits would keep timers and sockets from their turn.
    await new Promise((resolve) => setImmediate(resolve))
  }
}
