import { readdir } from 'node:fs/promises'
import { TransferError, transfer } from 'sluiceway'
import { stream } from 'sluiceway/stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Sink } from '../../src/contract/sink'
import type { Source } from '../../src/contract/source'
import type { Store } from '../../src/contract/store'
import { openHandles, settled } from '../support/handles'
import { pattern } from '../transfer/fakes'
import { describeWithCeph } from './real-ceph'
import { cosStore, MiB, openStores, type Stores } from './stores'

const size = 48 * MiB
const bytes = pattern(size)
const partSize = 5 * MiB

describeWithCeph('an abort at any moment', (gateway) => {
  let outer: Stores
  beforeAll(async () => {
    outer = await openStores(gateway)
    await transfer(stream(chunks(), { size }), outer.ceph.sink('in'))
    await transfer(stream(chunks(), { size }), outer.cos.sink('in'))
    await transfer(stream(chunks(), { size }), outer.disk.sink('in'))
    // What filled the stores keeps no connection that could be taken for one of a test's.
    await Promise.all([outer.ceph.close(), outer.cos.close()])
  })
  afterAll(async () => {
    await outer[Symbol.asyncDispose]()
  })

  const routes: [string, (stores: Stores & { inCos: Store }) => [Source, Sink]][] = [
    ['Ceph to COS', ({ ceph, cos }) => [ceph.source('in'), cos.sink('out')]],
    ['COS to Ceph', ({ ceph, inCos }) => [inCos.source('in'), ceph.sink('out')]],
    ['Ceph to Ceph', ({ ceph }) => [ceph.source('in'), ceph.sink('out')]],
    ['Ceph to disk', ({ ceph, disk }) => [ceph.source('in'), disk.sink('folder/out')]],
    ['disk to Ceph', ({ ceph }) => [outer.disk.source('in'), ceph.sink('out')]],
    ['a stream to Ceph', ({ ceph }) => [stream(chunks()), ceph.sink('out')]],
    ['a stream to COS', ({ cos }) => [stream(chunks(), { size }), cos.sink('out')]],
  ]

  describe.each(routes)('of a transfer from %s', (_, ends) => {
    it('settles within 5 s and leaves nothing behind', async () => {
      // How long the whole takes, so that the moments are spread over all of it.
      const whole = await attempt(Number.POSITIVE_INFINITY)
      expect(whole.error).toBeUndefined()
      for (let moment = 0; moment < 12; moment += 1) {
        const { error, settledAfter } = await attempt((whole.elapsed * moment) / 11)
        expect(settledAfter).toBeLessThan(5000)
        if (error) expect(error).toMatchObject({ code: 'ABORTED', cause: 'enough' })
      }
    })

    /** One transfer with stores of its own, aborted after `delay` ms; everything must be as before when they are closed. */
    async function attempt(delay: number) {
      const before = openHandles()
      const stores = { ...(await openStores(gateway)), inCos: cosStore(outer.cosServer) }
      const controller = new AbortController()
      let abortedAt = Number.POSITIVE_INFINITY
      const abort = () => {
        abortedAt = performance.now()
        controller.abort('enough')
      }
      const timer = Number.isFinite(delay) ? setTimeout(abort, delay) : undefined
      const started = performance.now()
      const error = await transfer(...ends(stores), { partSize, signal: controller.signal }).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      const ended = performance.now()
      clearTimeout(timer)
      if (error && !TransferError.is(error)) throw error
      expect(await gateway.listUploads(gateway.bucket)).toEqual([])
      expect(stores.cosServer.uploads()).toEqual([])
      if (error) expect(await readdir(stores.root)).toEqual([])
      await stores.inCos.close()
      await stores[Symbol.asyncDispose]()
      await settled(() => {
        const { sockets, files } = openHandles()
        expect(sockets).toBeLessThanOrEqual(before.sockets)
        expect(files).toEqual(before.files)
      })
      return { error, elapsed: ended - started, settledAfter: ended - Math.min(ended, abortedAt) }
    }
  })
})

async function* chunks() {
  for (let at = 0; at < size; at += 256 * 1024) {
    yield bytes.subarray(at, at + 256 * 1024)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
