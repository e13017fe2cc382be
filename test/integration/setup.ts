import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'
import { type Gateway, startGateway } from './ceph/gateway'
import { cephUnavailable } from './ceph/script'
import type {} from './real-ceph'

const scratch = new URL('../../.scratch/', import.meta.url)

let gateway: Gateway | undefined

/**
 * One gateway for the whole run, in a folder of its own: two runs in one checkout do not share it. With
 * SLUICEWAY_CEPH_DIR set, the gateway started there with `start-ceph.sh --detach` is used and left running.
 */
export async function setup(project: TestProject): Promise<void> {
  const unavailable = await cephUnavailable()
  if (unavailable) {
    if (process.env.CI) throw new Error(`the integration tests need a real Ceph gateway: ${unavailable}`)
    console.warn(`\nSkipping the tests that need a real Ceph gateway: ${unavailable}\n`)
    project.provide('ceph', { unavailable })
    return
  }
  const shared = process.env.SLUICEWAY_CEPH_DIR
  const own = fileURLToPath(new URL(`ceph-${process.pid}`, scratch))
  const started = await startGateway({ dir: shared ?? own, memoryBytes: 4 * 1024 ** 3 })
  if (!shared) gateway = started
  project.provide('ceph', { facts: started.facts })
}

export async function teardown(): Promise<void> {
  await gateway?.stop()
}
