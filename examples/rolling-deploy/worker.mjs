// @ts-check
/**
 * A worker that may be stopped at any time. On SIGTERM it saves how far it got and leaves; whichever worker gets the
 * job next goes on from there. Run by run.mjs; with your own stores in place of these it is a worker for your queue.
 */
import { fileCheckpoints, TransferError, transfer } from 'sluiceway'
import { ceph } from 'sluiceway/ceph'
import { cos } from 'sluiceway/cos'

const job = JSON.parse(process.env.JOB ?? '{}')
const staging = ceph(job.ceph)
const archive = cos(job.cos)
// A folder that all workers share. With Redis: keyvCheckpoints(new Keyv({ store: new KeyvRedis(url, ...), ... })).
const checkpoints = fileCheckpoints(job.checkpoints)

const stop = new AbortController()
process.once('SIGTERM', () => stop.abort('SIGTERM'))

try {
  const result = await transfer(staging.source(job.from), archive.sink(job.to), {
    // The same id whichever worker runs it: the job's own name will do.
    checkpoint: { store: checkpoints, id: `${job.from} to ${job.to}`, grace: 1000 },
    signal: stop.signal,
    partSize: 4 * 1024 * 1024,
    onEvent(event) {
      if (event.type === 'resume') say(`goes on from ${mebibytes(event.bytes)} of a worker before it`)
      if (event.type === 'restart') say(`starts afresh: the ${event.reason} has changed`)
      if (event.type === 'checkpoint') say(`could not save: ${event.error.message}`)
    },
    // The demonstration picks its moment by this.
    onProgress: ({ bytes, size = 0 }) => process.send?.({ bytes, size }),
  })
  say(`done: ${mebibytes(result.bytes)}, of which ${mebibytes(result.resumedBytes)} were not sent again`)
  say(`verified: ${result.verified.join(', ')}; crc64 ${result.digests.crc64}`)
} catch (error) {
  if (!TransferError.is(error)) throw error
  const stopped = error.code === 'ABORTED'
  say(stopped ? 'stopped; the next worker goes on from here' : `${error.code}: ${error.message}`)
  // 75 (EX_TEMPFAIL): give the job to the next one.
  process.exitCode = stopped || error.retry !== 'permanent' ? 75 : 1
} finally {
  await Promise.all([staging.close(), archive.close()])
}

/** @param {string} text */
function say(text) {
  console.log(`${process.env.NAME ?? process.pid}: ${text}`)
}

/** @param {number} bytes */
function mebibytes(bytes) {
  return `${Math.round(bytes / 1024 / 1024)} MiB`
}
