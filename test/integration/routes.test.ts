import { transfer } from 'sluiceway'
import { stream } from 'sluiceway/stream'
import { oddKeys } from 'sluiceway/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { collect, pattern, sha256 } from '../transfer/fakes'
import { describeWithCeph } from './real-ceph'
import { MiB, openStores, type Stores, storeNames } from './stores'

const partSize = 5 * MiB
const sizes = [0, 1, partSize - 1, partSize, partSize + 1, 2 * partSize, 2 * partSize + 1, 3.5 * partSize]
const whole = pattern(Math.max(...sizes))
const attributes = {
  contentType: 'video/mp4',
  cacheControl: 'max-age=60',
  contentDisposition: 'attachment; filename="big.mp4"',
  contentEncoding: 'identity',
  metadata: { owner: '42', 'two-words': 'a b' },
}

/** What COS cannot hold: keys of more than 850 bytes. Disk folds `a//b` into `a/b`. */
const fits = (key: string, ...names: string[]) => !(names.includes('cos') && Buffer.byteLength(key) > 850)

describeWithCeph('a transfer', (gateway) => {
  let stores: Stores
  beforeAll(async () => {
    stores = await openStores(gateway)
  })
  afterAll(async () => {
    await stores[Symbol.asyncDispose]()
  })

  for (const from of storeNames) {
    for (const to of storeNames) {
      describe(`from ${from} to ${to}`, () => {
        it.each(sizes)('moves %i bytes exactly, with what the object carries', async (size) => {
          const bytes = whole.subarray(0, size)
          const source = stores[from].source(`from/${from}/${to}/${size}`)
          await transfer(
            stream(chunked(bytes), { size, ...carried(from) }),
            stores[from].sink(`from/${from}/${to}/${size}`),
            {
              partSize,
            },
          )
          const target = `to/${from}/${to}/${size}`
          const result = await transfer(source, stores[to].sink(target), { partSize })
          const stored = stores[to].source(target)
          expect(sha256(await collect(await stored.open()))).toBe(sha256(bytes))
          expect(result).toMatchObject({ bytes: size, parts: Math.ceil(size / partSize), retries: 0 })
          if (to !== 'disk' && from !== 'disk') expect(await stored.stat()).toMatchObject(attributes)
          expect(result.notCarried).toEqual(to === 'disk' && from !== 'disk' ? Object.keys(attributes) : [])
        })

        it.each(Object.entries(oddKeys).filter(([, key]) => fits(key, from, to)))(
          'moves to and from a key with %s',
          async (_, key) => {
            const bytes = whole.subarray(0, 1000)
            await transfer(stream(chunked(bytes), { size: 1000 }), stores[from].sink(`odd/${key}`))
            await transfer(stores[from].source(`odd/${key}`), stores[to].sink(`odd-from-${from}/${key}`))
            const stored = await collect(await stores[to].source(`odd-from-${from}/${key}`).open())
            expect(sha256(stored)).toBe(sha256(bytes))
          },
        )
      })
    }
  }

  it('leaves no upload behind on either side', async () => {
    expect(await gateway.listUploads(gateway.bucket)).toEqual([])
    expect(stores.cosServer.uploads()).toEqual([])
  })
})

const carried = (name: string) => (name === 'disk' ? {} : attributes)

async function* chunked(bytes: Uint8Array) {
  for (let at = 0; at < bytes.byteLength; at += 100_000) yield bytes.subarray(at, at + 100_000)
}
