// @ts-check
/**
 * A rolling deploy on this machine: the old worker is told to go in the middle of a transfer, and the new one finishes
 * it. Both ends are the servers of sluiceway/testing.
 *
 *   npm run build && node examples/rolling-deploy/run.mjs
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cosServer, faultProxy, s3Server } from 'sluiceway/testing'

const MiB = 1024 * 1024
const size = 192 * MiB
const checkpoints = await mkdtemp(join(tmpdir(), 'sluiceway-deploy-'))
const s3 = await s3Server({ storage: 'discard' })
const object = await s3.addSynthetic('in/big.mov', size)
const server = await cosServer({ storage: 'discard' })
// Over a line of a speed at which there is a middle to be stopped in.
const line = await faultProxy({ target: { port: server.port } })
line.limit(48 * MiB)

const job = {
  ceph: { endpoint: s3.url, bucket: s3.bucket, credentials: s3.credentials },
  cos: { endpoint: line.url, bucket: server.bucket, region: 'ap-guangzhou', credentials: server.credentials },
  from: object.key,
  to: '2026/big.mov',
  checkpoints,
}

try {
  const old = start('old worker')
  await halfway(old)
  console.log('deploy:     SIGTERM to the old worker')
  const told = performance.now()
  old.kill('SIGTERM')
  const [stopped] = await once(old, 'exit')
  console.log(`deploy:     it left with ${stopped} after ${Math.round(performance.now() - told)} ms`)

  const [done] = await once(start('new worker'), 'exit')
  const parts = server.requests.filter(({ operation }) => operation === 'UploadPart')
  const sent = parts.reduce((bytes, { bytesReceived }) => bytes + bytesReceived, 0)
  const stands = server.object(job.to)?.size === size
  console.log(`COS server: ${stands ? 'the object stands' : 'there is no object'}, ${size / MiB} MiB`)
  console.log(
    `COS server: ${sent / MiB} MiB arrived over both workers, ${(sent - size) / MiB} MiB of it twice`,
  )
  process.exitCode = stopped === 75 && done === 0 && stands ? 0 : 1
} finally {
  await Promise.all([line.close(), server.close(), s3.close()])
  await rm(checkpoints, { recursive: true, force: true })
}

/** @param {string} name */
function start(name) {
  const env = { ...process.env, JOB: JSON.stringify(job), NAME: name.padEnd(11), NODE_NO_WARNINGS: '1' }
  return fork(fileURLToPath(new URL('worker.mjs', import.meta.url)), { env })
}

/** @param {import('node:child_process').ChildProcess} worker */
function halfway(worker) {
  return new Promise((resolve, reject) => {
    worker.on('message', (/** @type {{ bytes: number, size: number }} */ { bytes, size }) => {
      if (bytes >= size / 2) resolve(undefined)
    })
    worker.on('exit', () => reject(new Error('the worker ended before it was halfway')))
  })
}
