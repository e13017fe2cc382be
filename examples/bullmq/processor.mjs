// @ts-check
/** The sandboxed processor of worker.mjs: runs in a child process or a thread of its own. */
import { Queue } from 'bullmq'
import { transferProcessor } from 'sluiceway/bullmq'
import { connection, openStores, queueName } from './queue.mjs'

const { staging, archive } = openStores()
// A sandbox has no connection to Redis: the checkpoint and the lock of its job are reached by this one.
const queue = new Queue(queueName, { connection })

// A child outlives a worker that was killed. Its transfer stops by itself, but its connections keep it alive.
process.once('disconnect', () => process.exit(1))

export default transferProcessor({
  queue,
  transfer: ({ data }) => ({ source: staging.source(data.from), sink: archive.sink(data.to) }),
})
