import { appendFileSync, renameSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { disk } from 'sluiceway/disk'
import { describe, expect, it } from 'vitest'
import { collect, errorOf, memory, openFilesIn, pattern, realStore, withHandles } from './helpers'

const MiB = 1024 * 1024

describe('the bytes of a file', () => {
  const content = pattern(3 * MiB + 12345)

  it('are all there, in borrowed chunks', async () => {
    const { root, store } = realStore({}, { a: content })
    expect((await collect(await store.source('a').open())).equals(content)).toBe(true)
    expect(openFilesIn(root)).toEqual([])
  })

  it.each([
    [0, 0],
    [0, 1],
    [5, 5],
    [MiB - 1, MiB + 1],
    [MiB, 2 * MiB],
    [1, 3 * MiB + 12345],
    [3 * MiB + 12345, 3 * MiB + 12345],
  ])('from %i to %i are exactly that range', async (start, end) => {
    const { store } = realStore({}, { a: content })
    const bytes = await collect(await store.source('a').open({ start, end }))
    expect(bytes.equals(content.subarray(start, end))).toBe(true)
  })

  it('come from memfs as well', async () => {
    const { fs, store } = memory()
    await fs.promises.writeFile('/root/a', content)
    const { version } = await store.source('a').stat()
    const bytes = await collect(await store.source('a').open({ start: 3, end: 2 * MiB }, { version }))
    expect(bytes.equals(content.subarray(3, 2 * MiB))).toBe(true)
  })

  it('of an empty file are none', async () => {
    const { store } = realStore({}, { a: '' })
    expect(await collect(await store.source('a').open())).toHaveLength(0)
  })

  it('use two buffers for the whole file, and read one ahead at most', async () => {
    const files = { a: pattern(6 * MiB) }
    let read = 0
    const fs = withHandles((handle) => ({
      async read(...args) {
        const result = await handle.read(...args)
        read += result.bytesRead
        return result
      },
    }))
    const buffers = new Set<ArrayBufferLike>()
    let given = 0
    const { store } = realStore({ fs }, files)
    for await (const chunk of await store.source('a').open()) {
      given += chunk.length
      buffers.add(chunk.buffer)
      await new Promise((resolve) => setImmediate(resolve))
      expect(read - given).toBeLessThanOrEqual(MiB)
    }
    expect(buffers.size).toBe(2)
  })

  it('survive short reads', async () => {
    const files = { a: content }
    const fs = withHandles((handle) => ({
      read: (buffer, offset, length, position) =>
        handle.read(buffer, offset, Math.min(length, 333_333), position),
    }))
    const { store } = realStore({ fs }, files)
    const bytes = await collect(await store.source('a').open({ start: 7, end: content.length }))
    expect(bytes.equals(content.subarray(7))).toBe(true)
  })

  it('beyond the end are TRUNCATED, and a range that is none is INVALID_OPTION', async () => {
    const { root, store } = realStore({}, { a: 'hello' })
    const source = store.source('a')
    expect(await errorOf(source.open({ start: 0, end: 6 }))).toMatchObject({ code: 'TRUNCATED' })
    for (const [start, end] of [
      [-1, 2],
      [3, 2],
      [0.5, 1],
      [0, Number.NaN],
    ] as const) {
      expect(await errorOf(source.open({ start, end }))).toMatchObject({ code: 'INVALID_OPTION' })
    }
    expect(openFilesIn(root)).toEqual([])
  })
})

describe('a file that changes', () => {
  it('before it is opened is SOURCE_CHANGED for the old version', async () => {
    const { root, store } = realStore({}, { a: 'hello' })
    const { version } = await store.source('a').stat()
    appendFileSync(join(root, 'a'), '!')
    expect(await errorOf(store.source('a').open(undefined, { version }))).toMatchObject({
      code: 'SOURCE_CHANGED',
    })
    expect(openFilesIn(root)).toEqual([])
  })

  it.each([
    ['grows', (path: string) => appendFileSync(path, 'more')],
    [
      'is written to in place',
      (path: string) => writeFileSync(path, pattern(3 * MiB).reverse(), { flag: 'r+' }),
    ],
    ['is cut', (path: string) => truncateSync(path, MiB + 5)],
  ])('and %s while it is being read is SOURCE_CHANGED at the end', async (_what, change) => {
    const { root, store } = realStore({}, { a: pattern(3 * MiB) })
    utimesSync(join(root, 'a'), 1, 1)
    const bytes = await store.source('a').open()
    const error = await errorOf(async () => {
      let first = true
      for await (const _chunk of bytes) {
        if (first) change(join(root, 'a'))
        first = false
      }
    })
    expect(error).toMatchObject({ code: 'SOURCE_CHANGED', retry: 'permanent' })
    expect(openFilesIn(root)).toEqual([])
  })

  it('and is gone is SOURCE_CHANGED for whoever saw it, and NOT_FOUND for whoever did not', async () => {
    const { root, store } = realStore({}, { a: 'hello' })
    const { version } = await store.source('a').stat()
    rmSync(join(root, 'a'))
    const source = store.source('a')
    for (const look of [() => source.stat({ version }), () => source.open(undefined, { version })]) {
      expect(await errorOf(look)).toMatchObject({ code: 'SOURCE_CHANGED', cause: { code: 'NOT_FOUND' } })
    }
    const pinned = store.source('a', { version })
    for (const look of [source, pinned].flatMap((each) => [() => each.stat(), () => each.open()])) {
      expect(await errorOf(look)).toMatchObject({ code: 'NOT_FOUND' })
    }
  })

  it('because another took its name is read to its end, as the version that was opened', async () => {
    const content = pattern(3 * MiB)
    const { root, store } = realStore({}, { a: content, b: 'other' })
    const { version } = await store.source('a').stat()
    const bytes = await store.source('a').open(undefined, { version })
    renameSync(join(root, 'b'), join(root, 'a'))
    expect((await collect(bytes)).equals(content)).toBe(true)
    expect(await errorOf(store.source('a').open(undefined, { version }))).toMatchObject({
      code: 'SOURCE_CHANGED',
    })
  })

  it('and ends early with the same times is TRUNCATED', async () => {
    const files = { a: pattern(2 * MiB) }
    const fs = withHandles((handle) => ({
      read: async (buffer, offset, length, position) =>
        position < MiB ? handle.read(buffer, offset, length, position) : { bytesRead: 0 },
    }))
    const { store } = realStore({ fs }, files)
    const error = await errorOf(collect(await store.source('a').open()))
    expect(error).toMatchObject({ code: 'TRUNCATED', context: { size: 2 * MiB, position: MiB } })
  })

  it('and has more bytes than it states is INTEGRITY, as files under /proc are', async () => {
    const store = disk({ root: '/proc' })
    const bytes = await store.source('version').open()
    expect(await errorOf(collect(bytes))).toMatchObject({ code: 'INTEGRITY' })
  })
})
