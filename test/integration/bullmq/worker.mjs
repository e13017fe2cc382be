// @ts-check
/**
 * A worker of BullMQ by the built package and plain Node, as a service would run it. Tells its parent how it gets on,
 * and gives its jobs back on SIGTERM.
 */
import { Worker } from 'bullmq'
import { returnJobs, transferProcessor } from 'sluiceway/bullmq'
import { stores } from './stores.mjs'

/** @type {import('./workers').WorkerSettings} */
const settings = JSON.parse(process.env.SETTINGS ?? '')
const { queue, connection, sandbox, lockDuration = 30_000, stalledInterval = 30_000 } = settings
const { root, cos } = stores(settings)

const move = transferProcessor({
  progressInterval: 50,
  transfer: ({ data: { from, to, options } }) => ({
    source: freezing(root.source(from)),
    sink: cos.sink(to),
    options: { ...options, onEvent: (event) => tell({ type: 'event', event }) },
  }),
})

/** @type {import('sluiceway/bullmq').TransferProcessor} */
const inProcess = async (job, token, signal) => {
  try {
    return await move(job, token, signal)
  } catch (error) {
    const { name, code, message, cause } = /** @type {any} */ (error)
    tell({ type: 'threw', name, code, message, cause: cause && { code: cause.code } })
    throw error
  }
}
const worker = new Worker(queue, sandbox ? new URL('sandboxed.mjs', import.meta.url) : inProcess, {
  connection,
  lockDuration,
  stalledInterval,
  useWorkerThreads: sandbox === 'thread',
  maxStalledCount: 5,
})
worker.on('error', ({ message }) => tell({ type: 'error', message }))
worker.on('completed', (_, result) => tell({ type: 'completed', result }))

process.on('message', ({ cancel, reason }) => {
  tell({ type: 'cancelled', found: worker.cancelJob(cancel, reason) })
})
process.once('SIGTERM', async () => {
  await returnJobs(worker)
  await Promise.all([root.close(), cos.close()])
  await tell({ type: 'closed' })
  // All that is left is the channel to the parent.
  process.disconnect()
})
await worker.waitUntilReady()
tell({ type: 'ready' })

/**
 * The same source, which may stop this process as its last look at it has been taken: right before the commit, when the
 * checkpoint has been looked at for the last time.
 *
 * @param {import('sluiceway').Source} source
 * @returns {import('sluiceway').Source}
 */
function freezing(source) {
  let looks = 0
  return {
    location: source.location,
    open: (range, context) => source.open(range, context),
    async stat(context) {
      const info = await source.stat(context)
      looks += 1
      if (settings.freezeBeforeCommit && looks === 2) process.kill(process.pid, 'SIGSTOP')
      return info
    },
  }
}

/** @param {object} message */
function tell(message) {
  // As plain data: errors inside events do not survive the way as they are.
  return new Promise((resolve) => process.send?.(JSON.parse(JSON.stringify(message)), resolve))
}
