// @ts-check
/**
 * Adds a job and shows how it gets on.
 *
 *   node examples/bullmq/enqueue.mjs in/big.mov 2026/big.mov
 */
import { Queue, QueueEvents } from 'bullmq'
import { connection, queueName } from './queue.mjs'

const [from, to] = process.argv.slice(2)
if (!from || !to) {
  console.error('usage: node examples/bullmq/enqueue.mjs <key on Ceph> <key on COS>')
  process.exit(2)
}

/** @type {Queue<import('./queue.mjs').Move>} */
const queue = new Queue(queueName, { connection })
const events = new QueueEvents(queueName, { connection })
await events.waitUntilReady()
events.on('progress', ({ data }) => {
  const { bytes, size = bytes } = /** @type {import('sluiceway').Progress} */ (data)
  console.log(`${bytes} of ${size} bytes`)
})

const job = await queue.add(
  'move',
  { from, to },
  // Whatever may be cured by trying again is tried again, and goes on from the job's checkpoint.
  { attempts: 8, backoff: { type: 'exponential', delay: 5000 }, removeOnComplete: { age: 24 * 3600 } },
)
try {
  const result = await job.waitUntilFinished(events)
  console.log(
    `done: ${result.bytes} bytes, crc64 ${result.digests.crc64}, verified ${result.verified.join(', ')}`,
  )
} catch (error) {
  console.error(/** @type {Error} */ (error).message)
  process.exitCode = 1
}
await Promise.all([events.close(), queue.close()])
