// @ts-check
/**
 * A thread for each object. Threads share a process, and no connections.
 *
 *   CEPH_ENDPOINT=... CEPH_BUCKET=... CEPH_ACCESS_KEY=... CEPH_SECRET_KEY=... TARGET=/archive \
 *   node examples/hosts/worker-threads.mjs in/a.mov in/b.mov
 */
import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { move } from './move.mjs'

if (isMainThread) {
  const moved = process.argv.slice(2).map(async (key) => {
    const [said] = await once(new Worker(new URL(import.meta.url), { workerData: key }), 'message')
    console.log(said)
  })
  await Promise.all(moved)
} else {
  parentPort?.postMessage(await move(workerData))
}
