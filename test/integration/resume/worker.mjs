// @ts-check
/**
 * One attempt at a transfer by the built package and plain Node, as a task worker would make it; the next attempt is
 * another process. Tells its parent how it gets on.
 */
import { fileCheckpoints, keyvCheckpoints, TransferError, transfer } from 'sluiceway'

/** @type {import('./attempt').Job} */
const job = JSON.parse(process.env.JOB ?? '')
const [from, to] = await Promise.all([store(job.from), store(job.to)])
const { checkpoints, close } = await openCheckpoints(job.checkpoints)
if (job.holdDelete) checkpoints.delete = () => new Promise(() => {})

const stop = new AbortController()
process.once('SIGTERM', () => stop.abort('SIGTERM'))

tell({ type: 'started' })
try {
  const result = await transfer(from.source(job.from.key), to.sink(job.to.key), {
    ...job.options,
    checkpoint: { store: checkpoints, id: job.id },
    signal: stop.signal,
    onEvent(event) {
      if (['resume', 'restart', 'checkpoint', 'retry'].includes(event.type)) tell({ type: 'event', event })
    },
  })
  await tell({ type: 'done', result })
} catch (error) {
  if (!TransferError.is(error)) throw error
  await tell({ type: 'failed', code: error.code, message: error.message })
}
await Promise.all([from.close(), to.close(), close()])

/** @param {{ kind: string, options: object }} end */
async function store({ kind, options }) {
  // Only what is needed: loading an SDK takes longer than all the rest of the start.
  return (await import(`sluiceway/${kind}`))[kind](options)
}

/** @param {import('./attempt').Job['checkpoints']} where */
async function openCheckpoints(where) {
  if ('dir' in where) return { checkpoints: fileCheckpoints(where.dir), close: async () => {} }
  const [{ Keyv }, { default: KeyvRedis }] = await Promise.all([import('keyv'), import('@keyv/redis')])
  /** @type {import('@keyv/redis').RedisClientOptions} */
  const client = { socket: { path: where.redis, tls: false } }
  const redis = new KeyvRedis(client, { throwOnErrors: true })
  const keyv = new Keyv({ store: redis, throwOnErrors: true })
  return { checkpoints: keyvCheckpoints(keyv), close: () => keyv.disconnect() }
}

/** @param {object} message */
function tell(message) {
  // As plain data: errors inside events do not survive the way as they are.
  return new Promise((resolve) => process.send?.(JSON.parse(JSON.stringify(message)), resolve))
}
