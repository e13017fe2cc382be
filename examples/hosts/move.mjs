// @ts-check
/** The task of these examples: moves one object from a Ceph bucket to a folder. */
import { lifecycle, transfer } from 'sluiceway'
import { ceph } from 'sluiceway/ceph'
import { disk } from 'sluiceway/disk'

const {
  CEPH_ENDPOINT,
  CEPH_BUCKET = '',
  CEPH_ACCESS_KEY = '',
  CEPH_SECRET_KEY = '',
  TARGET = '',
} = process.env

/** Made where the process or thread begins; they open nothing before the first task. */
const staging = ceph({
  endpoint: CEPH_ENDPOINT,
  bucket: CEPH_BUCKET,
  credentials: { accessKeyId: CEPH_ACCESS_KEY, secretAccessKey: CEPH_SECRET_KEY },
})
const archive = disk({ root: TARGET })

/**
 * @param {string} key
 * @returns {Promise<string>}
 */
export function move(key) {
  return lifecycle.withTask(async () => {
    const { bytes } = await transfer(staging.source(key), archive.sink(key))
    return `${key}: ${bytes} bytes`
  })
}
