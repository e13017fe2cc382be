// @ts-check
/**
 * A child process moves objects, one job for each message. It is frozen and thawed, its event loop is blocked: each job
 * starts with fresh connections all the same.
 *
 *   CEPH_ENDPOINT=... CEPH_BUCKET=... CEPH_ACCESS_KEY=... CEPH_SECRET_KEY=... TARGET=/archive \
 *   node examples/hosts/fork.mjs in/a.mov in/b.mov
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { move } from './move.mjs'

if (process.send) {
  process.on('message', async (key) => process.send?.(await move(String(key))))
} else {
  const child = fork(fileURLToPath(import.meta.url))
  for (const key of process.argv.slice(2)) {
    child.send(key)
    const [said] = await once(child, 'message')
    console.log(said)
  }
  child.disconnect()
}
