import { memoryCheckpoints, type TransferOptions, transfer } from 'sluiceway'
import { cos } from 'sluiceway/cos'
import { stream } from 'sluiceway/stream'
import { type FaultProxy, faultProxy, syntheticBytes } from 'sluiceway/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '../../../src/contract/store'
import { openHandles, settled } from '../../support/handles'
import { describeWithCeph } from '../real-ceph'
import { cephStore, cosStore, MiB, openStores, type Stores } from '../stores'
import { sha256, sha256OfStaged } from './scene'

const size = 60 * MiB
const partSize = 5 * MiB
const concurrency = 4

describeWithCeph('a transfer with a checkpoint that is told to stop', (gateway) => {
  let outer: Stores
  let line: FaultProxy
  beforeAll(async () => {
    outer = await openStores(gateway)
    line = await faultProxy({ target: { port: outer.cosServer.port } })
    for (const store of [outer.ceph, outer.cos, outer.disk]) {
      await transfer(stream(syntheticBytes(3, { start: 0, end: size }), { size }), store.sink('in'), {
        partSize,
      })
    }
    await Promise.all([outer.ceph.close(), outer.cos.close()])
  })
  afterAll(async () => {
    await line?.close()
    await outer?.[Symbol.asyncDispose]()
  })
  // Four parts take half a second: there is a middle to be stopped in, and they end within the grace.
  beforeEach(() => line.limit(40 * MiB))

  /** Stores of one process each, the COS one over the line. */
  function open() {
    const { url: endpoint } = line
    const { bucket, credentials } = outer.cosServer
    const stores = {
      ceph: cephStore(gateway),
      cos: cos({ endpoint, bucket, credentials, region: 'ap-guangzhou' }),
      disk: outer.disk,
    }
    return { ...stores, close: () => Promise.all([stores.ceph.close(), stores.cos.close()]) }
  }

  /** Bytes of parts that passed the COS end. */
  const moved = () =>
    outer.cosServer.requests.reduce((sum, { operation, bytesReceived, bytesSent }) => {
      if (operation === 'UploadPart') return sum + bytesReceived
      return operation === 'GetObject' ? sum + bytesSent : sum
    }, 0)

  type Ends = Record<'ceph' | 'cos' | 'disk', Store>
  const routes: [string, (ends: Ends) => [Store, Store]][] = [
    ['disk to COS', ({ disk, cos }) => [disk, cos]],
    ['COS to disk', ({ disk, cos }) => [cos, disk]],
    ['Ceph to COS', ({ ceph, cos }) => [ceph, cos]],
    ['COS to Ceph', ({ ceph, cos }) => [cos, ceph]],
  ]

  describe.each(routes)('from %s', (name, ends) => {
    it('returns within 2 s, gives back its handles, and what it moved is not moved again', async () => {
      const checkpoint = { store: memoryCheckpoints(), id: name }
      const { stopped, before } = await stop(name, checkpoint, () => {})
      const { resumedBytes, end } = await resume(name, checkpoint)
      expect(stopped).toBeGreaterThanOrEqual(4 * partSize)
      expect(resumedBytes).toBe(stopped)
      expect(end - before).toBe(size)
    })

    it('returns within 2 s when its parts cannot end, and only those are moved again', async () => {
      const checkpoint = { store: memoryCheckpoints(), id: `${name}, stalled` }
      const { before } = await stop(name, checkpoint, () => line.stall())
      const { resumedBytes, end } = await resume(name, checkpoint)
      expect(resumedBytes).toBeGreaterThanOrEqual(4 * partSize)
      expect(end - before).toBeLessThanOrEqual(size + concurrency * partSize)
    })

    it('returns at once without grace, and goes on later all the same', async () => {
      const checkpoint = { store: memoryCheckpoints(), id: `${name}, at once`, grace: 0 }
      await stop(name, checkpoint, () => {})
      const { resumedBytes } = await resume(name, checkpoint)
      expect(resumedBytes).toBeGreaterThanOrEqual(4 * partSize)
    })

    /** Stops a transfer when four parts are through. */
    async function stop(key: string, checkpoint: TransferOptions['checkpoint'], atThatMoment: () => void) {
      const handles = openHandles()
      const stores = open()
      const [from, to] = ends(stores)
      const controller = new AbortController()
      const before = moved()
      let parts = 0
      let stoppedAt = 0
      const error = await transfer(from.source('in'), to.sink(key), {
        partSize,
        concurrency,
        checkpoint,
        signal: controller.signal,
        onEvent({ type }) {
          if (type !== 'part' || ++parts !== 4) return
          atThatMoment()
          stoppedAt = performance.now()
          controller.abort('SIGTERM')
        },
      }).catch((reason: unknown) => reason)
      expect(performance.now() - stoppedAt).toBeLessThan(2000)
      expect(error).toMatchObject({ name: 'TransferError', code: 'ABORTED', cause: 'SIGTERM' })
      await stores.close()
      line.resume()
      await settled(() => {
        const { sockets, files } = openHandles()
        expect(sockets).toBeLessThanOrEqual(handles.sockets)
        expect(files).toEqual(handles.files)
      })
      return { stopped: moved() - before, before }
    }

    /** As another process would, with stores of its own. */
    async function resume(key: string, checkpoint: TransferOptions['checkpoint']) {
      line.limit(undefined)
      const stores = open()
      const [from, to] = ends(stores)
      const result = await transfer(from.source('in'), to.sink(key), { partSize, concurrency, checkpoint })
      await stores.close()
      const end = moved()
      const reader = { ceph: cephStore(gateway), cos: cosStore(outer.cosServer), disk: outer.disk }
      expect(await sha256(await ends(reader)[1].source(key).open())).toBe(await sha256OfStaged(size))
      await Promise.all([reader.ceph.close(), reader.cos.close()])
      expect(result.bytes).toBe(size)
      expect(outer.cosServer.uploads()).toEqual([])
      expect(await gateway.listUploads(gateway.bucket)).toEqual([])
      return { resumedBytes: result.resumedBytes, end }
    }
  })
})
