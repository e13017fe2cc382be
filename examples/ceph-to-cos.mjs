// @ts-check
/**
 * Moves one object from Ceph to Tencent COS, verified, in bounded memory.
 *
 *   CEPH_ENDPOINT=http://ceph.example.com:7480 CEPH_BUCKET=staging CEPH_KEY=in/big.mov \
 *   CEPH_ACCESS_KEY=... CEPH_SECRET_KEY=... \
 *   COS_BUCKET=archive-1250000000 COS_REGION=ap-guangzhou COS_KEY=2026/big.mov \
 *   COS_SECRET_ID=... COS_SECRET_KEY=... \
 *   node examples/ceph-to-cos.mjs
 */
import { TransferError, transfer } from 'sluiceway'
import { ceph } from 'sluiceway/ceph'
import { cos } from 'sluiceway/cos'
import { progressBar } from './progress-bar.mjs'

const staging = ceph({
  endpoint: required('CEPH_ENDPOINT'),
  bucket: required('CEPH_BUCKET'),
  credentials: {
    accessKeyId: required('CEPH_ACCESS_KEY'),
    secretAccessKey: required('CEPH_SECRET_KEY'),
  },
})
const archive = cos({
  bucket: required('COS_BUCKET'),
  region: required('COS_REGION'),
  credentials: { secretId: required('COS_SECRET_ID'), secretKey: required('COS_SECRET_KEY') },
  ...(process.env.COS_ENDPOINT && { endpoint: process.env.COS_ENDPOINT }),
})

// A deploy or Ctrl-C ends the transfer cleanly: no upload is left behind on either side.
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop.abort(signal))

try {
  const bar = progressBar()
  const result = await transfer(staging.source(required('CEPH_KEY')), archive.sink(required('COS_KEY')), {
    signal: stop.signal,
    onProgress: bar.show,
  })
  bar.end()
  const mebibytes = result.bytes / 1024 / 1024
  console.log(`bytes     ${result.bytes} in ${result.parts} parts, ${result.retries} retries`)
  console.log(`crc64     ${result.digests.crc64}`)
  console.log(`verified  ${result.verified.join(', ')}`)
  console.log(`speed     ${(mebibytes / (result.elapsedMs / 1000)).toFixed(0)} MiB/s`)
  console.log(`memory    ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB at most`)
} catch (error) {
  if (!TransferError.is(error)) throw error
  console.error(`\n${error.code}: ${error.message}`)
  process.exitCode = 1
} finally {
  await Promise.all([staging.close(), archive.close()])
}

/** @param {string} name */
function required(name) {
  const value = process.env[name]
  if (value) return value
  console.error(`Set ${name}; the head of this file lists what is needed.`)
  process.exit(2)
}
