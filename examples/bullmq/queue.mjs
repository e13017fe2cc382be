// @ts-check
/**
 * Where the jobs are, and between which stores they move objects. From the environment:
 *
 *   REDIS_URL=redis://127.0.0.1:6379
 *   CEPH_ENDPOINT=http://ceph.example.com:7480 CEPH_BUCKET=staging CEPH_ACCESS_KEY=... CEPH_SECRET_KEY=...
 *   COS_BUCKET=archive-1250000000 COS_REGION=ap-guangzhou COS_SECRET_ID=... COS_SECRET_KEY=...
 */
import { ceph } from 'sluiceway/ceph'
import { cos } from 'sluiceway/cos'

/** @typedef {{ from: string, to: string }} Move */

const { env } = process

export const queueName = 'transfers'

/** @type {import('bullmq').ConnectionOptions} */
export const connection = env.REDIS_SOCKET
  ? { path: env.REDIS_SOCKET }
  : { url: env.REDIS_URL ?? 'redis://127.0.0.1:6379' }

/** Opens nothing before its first use. */
export function openStores() {
  const staging = ceph({
    endpoint: required('CEPH_ENDPOINT'),
    bucket: required('CEPH_BUCKET'),
    credentials: { accessKeyId: required('CEPH_ACCESS_KEY'), secretAccessKey: required('CEPH_SECRET_KEY') },
  })
  const archive = cos({
    bucket: required('COS_BUCKET'),
    region: required('COS_REGION'),
    credentials: { secretId: required('COS_SECRET_ID'), secretKey: required('COS_SECRET_KEY') },
    ...(env.COS_ENDPOINT && { endpoint: env.COS_ENDPOINT }),
  })
  return { staging, archive }
}

/** @param {string} name */
function required(name) {
  const value = env[name]
  if (value) return value
  console.error(`Set ${name}; the head of queue.mjs lists what is needed.`)
  process.exit(2)
}
