// @ts-check
/** The processor of worker.mjs in a process or thread of its own. */
import { Queue } from 'bullmq'
import { transferProcessor } from 'sluiceway/bullmq'
import { stores } from './stores.mjs'

/** @type {import('./workers').WorkerSettings} */
const settings = JSON.parse(process.env.SETTINGS ?? '')
const { root, cos } = stores(settings)
const queue = new Queue(settings.queue, { connection: settings.connection })
// A child outlives a worker that is killed, kept alive by its connection and by BullMQ. What it does wrong, it does by then.
process.once('disconnect', () => setTimeout(() => process.exit(), 10_000))

export default transferProcessor({
  queue,
  progressInterval: 50,
  transfer: ({ data: { from, to, options } }) => ({ source: root.source(from), sink: cos.sink(to), options }),
})
