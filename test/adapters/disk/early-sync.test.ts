import { describe, expect, it } from 'vitest'
import { syncEvery } from '../../../src/adapters/disk/early-sync'
import type { Body } from '../../../src/contract/sink'
import { errorOf, failure, newObject, realStore, withHandles } from './helpers'

const MiB = 1024 ** 2

/** A file system that keeps no byte of what is written to it, with the given `sync` for staged files. */
const weightless = (sync: () => Promise<void>) =>
  withHandles((handle, path) =>
    path.endsWith('.part')
      ? { write: async (_buffer, _offset, length) => ({ bytesWritten: length }), sync }
      : { sync: () => handle.sync!() },
  )

function zeros(size: number, pulled?: (bytes: number) => Promise<void> | void): Body {
  const chunk = Buffer.alloc(MiB)
  return {
    size,
    open: async () =>
      (async function* () {
        for (let given = 0; given < size; given += MiB) {
          await pulled?.(given)
          yield chunk
        }
      })(),
  }
}

const whole = (size: number) => ({ index: 0, start: 0, size })

describe('syncing before the commit', () => {
  it('begins once so many bytes are written, one at a time, and holds no write up', async () => {
    const releases: (() => void)[] = []
    const fs = weightless(() => new Promise((resolve) => releases.push(resolve)))
    const session = await realStore({ fs }).store.sink('a').begin(newObject())
    const size = 5 * syncEvery
    const begun: number[] = []
    const body = zeros(size, (given) => {
      begun.push(releases.length)
      if (given === 4 * syncEvery) releases[0]?.()
    })
    await session.writePart(whole(size), body)
    expect(begun[syncEvery / MiB - 1]).toBe(0)
    expect(begun[syncEvery / MiB]).toBe(1)
    expect(begun[(4 * syncEvery) / MiB]).toBe(1)
    expect(releases).toHaveLength(2)
    releases[1]?.()
    await session.abort()
  })

  it('does not begin for less, nor with fsync: false', async () => {
    for (const [fsync, size] of [
      [true, syncEvery - MiB],
      [false, 2 * syncEvery],
    ] as const) {
      let syncs = 0
      const fs = weightless(async () => {
        syncs += 1
      })
      const session = await realStore({ fs, fsync }).store.sink('a').begin(newObject())
      await session.writePart(whole(size), zeros(size))
      expect(syncs).toBe(0)
      await session.abort()
    }
  })

  it('that fails loses the session at once, whatever a later sync says', async () => {
    let syncs = 0
    const fs = weightless(() => (syncs++ === 0 ? Promise.reject(failure('EIO')) : Promise.resolve()))
    const session = await realStore({ fs }).store.sink('a').begin(newObject())
    const size = 3 * syncEvery
    let last = 0
    const body = zeros(size, (given) => {
      last = given
    })
    const lost = { code: 'SINK_FAILED', retry: 'permanent', context: { errno: 'EIO' } }
    expect(await errorOf(session.writePart(whole(size), body))).toMatchObject(lost)
    expect(last).toBeLessThan(syncEvery + 8 * MiB)
    const receipts = [{ index: 0, size }]
    expect(await errorOf(session.commit(receipts))).toMatchObject(lost)
    expect(await errorOf(session.writePart(whole(size), zeros(size)))).toMatchObject(lost)
    await session.abort()
  })

  it('that fails while the commit waits for it fails the commit', async () => {
    const fails: (() => void)[] = []
    const fs = weightless(() =>
      fails.length > 0
        ? Promise.resolve()
        : new Promise((_, reject) => fails.push(() => reject(failure('EIO')))),
    )
    const session = await realStore({ fs }).store.sink('a').begin(newObject())
    const receipt = await session.writePart(whole(syncEvery), zeros(syncEvery))
    const committing = errorOf(session.commit([receipt]))
    setTimeout(() => fails[0]?.(), 20)
    expect(await committing).toMatchObject({ code: 'SINK_FAILED', retry: 'permanent' })
    await session.abort()
  })
})
