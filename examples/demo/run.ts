import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { cephUnavailable } from '../../test/integration/ceph/script'
import { cgroupAvailable, runInCgroup } from '../../test/support/cgroup'
import { startCeph } from './real-ceph'

/**
 * `npm run demo -- [--ceph] [--naive] [--size MiB]`: moves an object from Ceph to COS on this machine with
 * examples/ceph-to-cos.mjs, and reads both sides again to compare them.
 */
const MiB = 1024 * 1024
const memoryLimit = 256 * MiB
const { values } = parseArgs({
  options: {
    ceph: { type: 'boolean', default: false },
    naive: { type: 'boolean', default: false },
    size: { type: 'string', default: '1024' },
  },
})
const size = Number(values.size) * MiB
if (!Number.isSafeInteger(size) || size < 0) throw new Error('--size takes a number of MiB')
const unavailable = values.ceph ? await cephUnavailable() : undefined
if (unavailable) throw new Error(`--ceph needs a real Ceph gateway: ${unavailable}`)

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const servers = fork(here('servers.ts'), [`${size}`], { execArgv: ['--import', 'tsx'] })
const [{ s3, cos }] = await once(servers, 'message')
const gateway = values.ceph ? await startCeph(size) : undefined
const from = gateway ?? s3
const env = {
  CEPH_ENDPOINT: from.endpoint,
  CEPH_BUCKET: from.bucket,
  CEPH_KEY: 'in/big.mov',
  CEPH_ACCESS_KEY: from.credentials.accessKeyId,
  CEPH_SECRET_KEY: from.credentials.secretAccessKey,
  COS_ENDPOINT: cos.endpoint,
  COS_BUCKET: cos.bucket,
  COS_REGION: cos.region,
  COS_KEY: '2026/big.mov',
  COS_SECRET_ID: cos.credentials.secretId,
  COS_SECRET_KEY: cos.credentials.secretKey,
  // The AWS SDK's notice about Node 20 has no place between the lines of a demonstration.
  NODE_NO_WARNINGS: '1',
}

try {
  process.exitCode = values.naive ? await sideBySide() : await moveAndCompare()
} finally {
  servers.disconnect()
  await gateway?.stop()
}

/** The job once, as the example does it; then both objects are read again. */
async function moveAndCompare(): Promise<number> {
  const kind = values.ceph ? 'a real Ceph gateway' : 'an S3 server'
  console.log(`\n${values.size} MiB from ${kind} to a COS server, both on this machine\n`)
  return (await run('../ceph-to-cos.mjs')) || (await run('digests.mjs'))
}

/** The old way and the stream, under the same memory limit. */
async function sideBySide(): Promise<number> {
  const reason = cgroupAvailable()
  const how = reason ? `measured only: ${reason}` : 'enforced by a memory cgroup'
  console.log(`\n${values.size} MiB under a limit of ${memoryLimit / MiB} MiB (${how})`)
  console.log('\nThe whole object in memory:')
  const naive = await limited('naive.mjs')
  console.log('\nAs a stream:')
  const streamed = await limited('../ceph-to-cos.mjs')
  const verdict = naive
    ? 'The whole object fitted, too: try a larger --size.'
    : 'The whole object did not fit.'
  console.log(`\n${verdict} The stream ${streamed ? 'passed' : 'FAILED'}.`)
  return streamed && !naive ? 0 : 1
}

/** @returns whether the script did its job within the limit */
async function limited(script: string): Promise<boolean> {
  if (cgroupAvailable()) return measured(script)
  const command = process.execPath
  const result = await runInCgroup({ memoryBytes: memoryLimit, command, args: [here(script)], env })
  process.stdout.write(result.stdout + result.stderr)
  if (result.killed) console.log(`killed by signal 9 at ${(result.peakBytes / MiB).toFixed(0)} MiB`)
  return result.code === 0
}

/** Where no limit can be enforced, the script's own account of its memory decides. */
async function measured(script: string): Promise<boolean> {
  let output = ''
  const code = await run(script, (text) => {
    output += text
  })
  const peak = Number(/^memory +(\d+) MiB/m.exec(output)?.[1] ?? Number.POSITIVE_INFINITY)
  return code === 0 && peak <= memoryLimit / MiB
}

async function run(script: string, listen?: (text: string) => void): Promise<number> {
  const child = spawn(process.execPath, [here(script)], {
    env: { ...process.env, ...env },
    stdio: ['ignore', listen ? 'pipe' : 'inherit', 'inherit'],
  })
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    process.stdout.write(text)
    listen?.(text)
  })
  const [code] = await once(child, 'close')
  return code ?? 1
}
