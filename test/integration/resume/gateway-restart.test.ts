import { setTimeout as sleep } from 'node:timers/promises'
import { memoryCheckpoints, type TransferEvent, transfer } from 'sluiceway'
import { stream } from 'sluiceway/stream'
import { syntheticBytes } from 'sluiceway/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Store } from '../../../src/contract/store'
import { type Gateway, type GatewayFacts, startGateway } from '../ceph/gateway'
import { runScript } from '../ceph/script'
import { describeWithCeph } from '../real-ceph'
import { MiB, openStores, type Stores } from '../stores'
import { sha256, sha256OfStaged } from './scene'

const size = 160 * MiB
const partSize = 5 * MiB
/** How many of its 32 parts a transfer has moved when the gateway dies under it. */
const moment = 8

describeWithCeph('a real gateway that is killed in the middle of a transfer', () => {
  let own: Gateway
  let stores: Stores
  beforeAll(async () => {
    own = await startGateway({ memoryBytes: 1024 * MiB })
    await own.createBucket('killed')
    stores = await openStores({ ...own, bucket: 'killed' })
    for (const store of [stores.ceph, stores.cos, stores.disk]) {
      await transfer(stream(syntheticBytes(3, { start: 0, end: size }), { size }), store.sink('in'), {
        partSize,
      })
    }
  })
  afterAll(async () => {
    await stores?.[Symbol.asyncDispose]()
    await own?.stop()
  })

  /** An event listener that kills the gateway, at once, when so many parts have been moved. */
  async function killer(down: () => void) {
    const { pids } = JSON.parse(await runScript(['status', '--dir', own.facts.dir])) as GatewayFacts
    let parts = 0
    return ({ type }: TransferEvent) => {
      if (type !== 'part' || ++parts !== moment) return
      process.kill(pids.radosgw, 'SIGKILL')
      down()
    }
  }

  const routes: [string, () => [Store, Store]][] = [
    ['Ceph to COS', () => [stores.ceph, stores.cos]],
    ['Ceph to disk', () => [stores.ceph, stores.disk]],
    ['COS to Ceph', () => [stores.cos, stores.ceph]],
    ['disk to Ceph', () => [stores.disk, stores.ceph]],
  ]

  describe.each(routes)('from %s', (name, ends) => {
    async function expectWhole(to: Store, key: string) {
      expect(await sha256(await to.source(key).open())).toBe(await sha256OfStaged(size))
      expect(await own.listUploads('killed')).toEqual([])
      expect(stores.cosServer.uploads()).toEqual([])
    }

    it('and comes back within 6 s does not stop it', async () => {
      const [from, to] = ends()
      const key = `survived/${name}`
      let back: Promise<void> | undefined
      const onEvent = await killer(() => {
        back = sleep(2000).then(() => own.restart())
      })
      const result = await transfer(from.source('in'), to.sink(key), { partSize, onEvent })
      await back
      expect(back).toBeDefined()
      expect(result).toMatchObject({ bytes: size, parts: size / partSize })
      expect(result.retries).toBeGreaterThan(0)
      await expectWhole(to, key)
    })

    it('and stays away fails it, and with a checkpoint it goes on from there', async () => {
      const [from, to] = ends()
      const key = `resumed/${name}`
      const checkpoint = { store: memoryCheckpoints(), id: key }
      const onEvent = await killer(() => {})
      const retry = { retries: 2, minDelay: 10, maxDelay: 50 }
      await expect(
        transfer(from.source('in'), to.sink(key), { partSize, checkpoint, retry, onEvent }),
      ).rejects.toMatchObject({ code: 'CONNECTION', retry: 'exhausted' })
      await own.restart()
      const result = await transfer(from.source('in'), to.sink(key), { partSize, checkpoint })
      expect(result).toMatchObject({ bytes: size, parts: size / partSize })
      expect(result.resumedBytes).toBeGreaterThanOrEqual(moment * partSize)
      expect(await checkpoint.store.load(key)).toBeUndefined()
      await expectWhole(to, key)
    })
  })
})
