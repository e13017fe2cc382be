// @ts-check
/** The processor of worker.mjs in a process or thread of its own. */
import { spawn } from 'node:child_process'
import { Queue } from 'bullmq'
import { transferProcessor } from 'sluiceway/bullmq'
import { stores } from './stores.mjs'

/** @type {import('./workers').WorkerSettings} */
const settings = JSON.parse(process.env.SETTINGS ?? '')
const { root, cos } = stores(settings)
const queue = new Queue(settings.queue, { connection: settings.connection })
// A child outlives a worker that is killed, and BullMQ then tells it of its own failed answers for ever, so that no timer
// comes to its turn: another process ends it, when it has had time to do whatever it should not.
process.once('disconnect', () => {
  spawn('sh', ['-c', `sleep 10; kill -9 ${process.pid}`], { detached: true, stdio: 'ignore' }).unref()
})

export default transferProcessor({
  queue,
  progressInterval: 50,
  transfer: ({ data: { from, to, options } }) => ({ source: root.source(from), sink: cos.sink(to), options }),
})
