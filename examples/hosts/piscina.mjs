// @ts-check
/**
 * A pool of threads moves objects. Each thread has connections of its own, and each task begins with fresh ones.
 *
 *   CEPH_ENDPOINT=... CEPH_BUCKET=... CEPH_ACCESS_KEY=... CEPH_SECRET_KEY=... TARGET=/archive \
 *   node examples/hosts/piscina.mjs in/a.mov in/b.mov
 */
import { isMainThread } from 'node:worker_threads'
import { Piscina } from 'piscina'
import { move } from './move.mjs'

/** What the threads run. */
export default move

if (isMainThread) {
  const pool = new Piscina({ filename: import.meta.url, maxThreads: 2 })
  const moved = process.argv.slice(2).map(async (key) => console.log(await pool.run(key)))
  await Promise.all(moved)
  await pool.close()
}
