// @ts-check
/** Reads both objects again, whole, and prints their SHA-256: a digest that the transfer itself did not use. */
import { createHash } from 'node:crypto'
import { ceph } from 'sluiceway/ceph'
import { cos } from 'sluiceway/cos'

const env = /** @type {any} */ (process.env)
const staging = ceph({
  endpoint: env.CEPH_ENDPOINT,
  bucket: env.CEPH_BUCKET,
  credentials: { accessKeyId: env.CEPH_ACCESS_KEY, secretAccessKey: env.CEPH_SECRET_KEY },
})
const archive = cos({
  endpoint: env.COS_ENDPOINT,
  bucket: env.COS_BUCKET,
  region: env.COS_REGION,
  credentials: { secretId: env.COS_SECRET_ID, secretKey: env.COS_SECRET_KEY },
})

/** @param {import('sluiceway').Source} source */
async function sha256(source) {
  const hash = createHash('sha256')
  for await (const chunk of await source.open()) hash.update(chunk)
  return hash.digest('hex')
}

const [sent, stored] = await Promise.all([
  sha256(staging.source(env.CEPH_KEY)),
  sha256(archive.source(env.COS_KEY)),
])
console.log(`sha256    ${sent}  in Ceph`)
console.log(`sha256    ${stored}  in COS`)
console.log(sent === stored ? 'the same' : 'DIFFERENT')
process.exitCode = sent === stored ? 0 : 1
await Promise.all([staging.close(), archive.close()])
