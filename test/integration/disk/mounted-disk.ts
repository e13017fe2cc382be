import { join } from 'node:path'
import { disk } from 'sluiceway/disk'
import { memory } from 'sluiceway/memory'
import { writeObject } from 'sluiceway/testing'
import { afterEach, beforeEach } from 'vitest'
import { type Mount, mountTmpfs } from '../real-mounts'

/** For each test a store on a file system of its own, and a store in memory that holds the bytes as `a`. */
export function mountedDisk(size: string, bytes: Uint8Array) {
  let mount: Mount
  let store: ReturnType<typeof disk>
  const from = memory()
  beforeEach(async () => {
    mount = mountTmpfs(`size=${size}`)
    store = disk({ root: mount.root })
    await writeObject(from, 'a', bytes)
  })
  afterEach(async () => {
    await store.close()
    mount[Symbol.dispose]()
  })
  return {
    from,
    get mount() {
      return mount
    },
    get store() {
      return store
    },
    path: (key: string) => join(mount.root, key),
  }
}
