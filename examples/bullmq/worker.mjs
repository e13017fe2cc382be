// @ts-check
/**
 * A worker that moves one object for each job, and may be killed, frozen or told to go at any time.
 *
 *   node examples/bullmq/worker.mjs                       in this process
 *   SANDBOX=process node examples/bullmq/worker.mjs       each job in a child process, or SANDBOX=thread
 */
import { Worker } from 'bullmq'
import { returnJobs, transferProcessor } from 'sluiceway/bullmq'
import { connection, openStores, queueName } from './queue.mjs'

const { staging, archive } = openStores()
const { SANDBOX: sandbox } = process.env

/** @type {import('sluiceway/bullmq').TransferProcessor<import('bullmq').Job<import('./queue.mjs').Move>>} */
const inProcess = transferProcessor({
  transfer: ({ data }) => ({ source: staging.source(data.from), sink: archive.sink(data.to) }),
})

const worker = new Worker(queueName, sandbox ? new URL('processor.mjs', import.meta.url) : inProcess, {
  connection,
  concurrency: 2,
  useWorkerThreads: sandbox === 'thread',
  // How often a job may lose its worker. A transfer loses little by it; the default of 1 would fail it for good.
  maxStalledCount: 10,
})
worker.on('completed', (job, { bytes, resumedBytes }) => {
  console.log(`${job.id}: ${bytes} bytes, ${resumedBytes} of them not sent again`)
})
worker.on('failed', (job, error) => console.error(`${job?.id}: ${error.message}`))
// Without a listener Node ends the process.
worker.on('error', (error) => console.error(`worker: ${error.message}`))
// A sandbox cannot see by itself that the lock of its job is gone; in this process it is seen to.
if (sandbox) worker.on('lockRenewalFailed', (ids) => ids.forEach((id) => void worker.cancelJob(id)))

// A deploy: the jobs are back in the queue in a moment, and the next worker goes on where this one stopped.
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await returnJobs(worker)
    await Promise.all([staging.close(), archive.close()])
  })
}
