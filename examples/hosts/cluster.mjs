// @ts-check
/**
 * Workers of a cluster move objects, each with connections of its own.
 *
 *   CEPH_ENDPOINT=... CEPH_BUCKET=... CEPH_ACCESS_KEY=... CEPH_SECRET_KEY=... TARGET=/archive \
 *   node examples/hosts/cluster.mjs in/a.mov in/b.mov
 */
import cluster from 'node:cluster'
import { move } from './move.mjs'

if (cluster.isPrimary) {
  const keys = process.argv.slice(2)
  for (const key of keys) cluster.fork({ KEY: key })
} else {
  console.log(await move(String(process.env.KEY)))
  process.disconnect()
}
