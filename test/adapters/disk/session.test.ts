import { readFileSync, statSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Body } from '../../../src/contract/sink'
import {
  bodyOf,
  collect,
  errorOf,
  memory,
  newObject,
  openFilesIn,
  partsOf,
  pattern,
  realStore,
  treeOf,
  withHandles,
  write,
} from './helpers'

const KiB = 1024

describe('a write session', () => {
  it('stores parts that come at once and in any order', async () => {
    const content = pattern(3_000_000)
    for (const step of [1000, 64 * KiB, 700 * KiB]) {
      const { store, path } = realStore()
      const session = await store.sink('a/b').begin(newObject({ size: content.length }))
      const parts = partsOf(content, 290_001).sort(
        (one, other) => ((one.part.index * 7) % 11) - ((other.part.index * 7) % 11),
      )
      const receipts = await Promise.all(
        parts.map(({ part, bytes }) => session.writePart(part, bodyOf(bytes, step))),
      )
      expect(receipts).toEqual(parts.map(({ part: { index, size } }) => ({ index, size })))
      const committed = await session.commit(receipts)
      expect(readFileSync(path('a/b')).equals(content)).toBe(true)
      expect(committed).toEqual({
        size: content.length,
        version: (await store.source('a/b').stat()).version,
        verified: ['fsync'],
      })
    }
  })

  it('stores them on memfs too, where the source reads them back', async () => {
    const content = pattern(1_500_000)
    const { fs, store } = memory()
    const session = await store.sink('x/y/z').begin(newObject({ size: content.length }))
    const receipts = await Promise.all(
      partsOf(content, 400_000).map(({ part, bytes }) => session.writePart(part, bodyOf(bytes, 50_000))),
    )
    const { version } = await session.commit(receipts)
    const bytes = await collect(await store.source('x/y/z').open(undefined, { version }))
    expect(bytes.equals(content)).toBe(true)
    expect(fs.readdirSync('/root/x/y')).toEqual(['z'])
  })

  it('keeps small and large chunks of one part in their order', async () => {
    const { store, path } = realStore()
    const content = pattern(2_600_000)
    async function* chunks() {
      let offset = 0
      for (const size of [10, 700 * KiB, 300 * KiB, 300 * KiB, 0, 600 * KiB, 5, content.length]) {
        const chunk = Buffer.from(content.subarray(offset, offset + size))
        yield chunk
        chunk.fill(0xee)
        offset += chunk.length
      }
    }
    const session = await store.sink('a').begin(newObject())
    const size = content.length
    const body: Body = { size, open: async () => chunks() }
    await session.commit([await session.writePart({ index: 0, start: 0, size }, body)])
    expect(readFileSync(path('a')).equals(content)).toBe(true)
  })

  it('stores any run of chunks, each in one write or gathered with its neighbours', async () => {
    const length = fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 100_000, max: 600_000 }))
    await fc.assert(
      fc.asyncProperty(fc.array(length, { minLength: 1, maxLength: 12 }), async (lengths) => {
        const content = pattern(lengths.reduce((sum, some) => sum + some))
        const writes: number[] = []
        const fs = withHandles((handle, name) => ({
          write(buffer, offset, size, position) {
            if (name.endsWith('.part')) writes.push(size)
            return handle.write(buffer, offset, size, position)
          },
        }))
        const { store, path } = realStore({ fs, fsync: false })
        const session = await store.sink('a').begin(newObject())
        const size = content.length
        async function* chunks() {
          const buffer = Buffer.alloc(600_000)
          let offset = 0
          for (const some of lengths) {
            content.copy(buffer, 0, offset, offset + some)
            yield buffer.subarray(0, some)
            buffer.fill(0xee)
            offset += some
          }
        }
        const receipt = await session.writePart(
          { index: 0, start: 0, size },
          { size, open: async () => chunks() },
        )
        await session.commit([receipt])
        expect(readFileSync(path('a')).equals(content)).toBe(true)
        // Small ones never go alone: each write is of a large chunk, or of all that came before one.
        expect(writes.length).toBeLessThanOrEqual(2 * lengths.filter((some) => some > 100_000).length + 1)
      }),
      { numRuns: 40 },
    )
  })

  it('survives short writes', async () => {
    const content = pattern(1_000_003)
    const fs = withHandles((handle) => ({
      write: (buffer, offset, length, position) =>
        handle.write(buffer, offset, Math.min(length, 77_777), position),
    }))
    const { store, path } = realStore({ fs })
    const session = await store.sink('a').begin(newObject())
    const receipts = []
    for (const { part, bytes } of partsOf(content, 600_000)) {
      receipts.push(await session.writePart(part, bodyOf(bytes, 333_333)))
    }
    await session.commit(receipts)
    expect(readFileSync(path('a')).equals(content)).toBe(true)
  })

  it('asks for no chunk while it still writes from the one before', async () => {
    let writing = 0
    const fs = withHandles((handle) => ({
      async write(...args) {
        writing++
        const result = await handle.write(...args)
        writing--
        return result
      },
    }))
    const { store } = realStore({ fs })
    const session = await store.sink('a').begin(newObject())
    async function* chunks() {
      for (let chunk = 0; chunk < 4; chunk++) {
        expect(writing).toBe(0)
        yield Buffer.alloc(600 * KiB)
      }
      expect(writing).toBe(0)
    }
    const size = 4 * 600 * KiB
    await session.writePart({ index: 0, start: 0, size }, { size, open: async () => chunks() })
  })

  it('gathers small chunks into few writes', async () => {
    let writes = 0
    const fs = withHandles((handle, path) => ({
      write(...args) {
        if (path.endsWith('.part')) writes++
        return handle.write(...args)
      },
    }))
    const { store } = realStore({ fs })
    const session = await store.sink('a').begin(newObject())
    await session.writePart({ index: 0, start: 0, size: 2048 * KiB }, bodyOf(pattern(2048 * KiB), 16 * KiB))
    expect(writes).toBe(4)
  })

  it('shows nothing under the final name before the commit, and only a staged file and its journal beside it', async () => {
    const { root, store, path } = realStore()
    writeFileSync(path('a'), 'old')
    const session = await store.sink('a').begin(newObject())
    const receipt = await write(session, 'new')
    expect(readFileSync(path('a'), 'utf8')).toBe('old')
    const [journal, staged, ...others] = treeOf(root).filter((name) => name !== 'a')
    expect(staged).toMatch(/^\.sluiceway-[0-9a-f]{16}\.a\.part$/)
    expect(journal).toBe(staged?.replace(/part$/, 'journal'))
    expect(others).toEqual([])
    const inode = String(statSync(path(staged!)).ino)
    expect(session.state).toEqual({ key: 'a', staged, inode, madeFolders: 0 })
    expect(JSON.parse(JSON.stringify(session.state))).toEqual(session.state)
    await session.commit([receipt])
    expect(readFileSync(path('a'), 'utf8')).toBe('new')
    expect(treeOf(root)).toEqual(['a'])
  })

  it('makes an empty file of no parts', async () => {
    const { store, path } = realStore()
    const session = await store.sink('a').begin(newObject({ size: 0 }))
    expect(await session.commit([])).toMatchObject({ size: 0 })
    expect(statSync(path('a')).size).toBe(0)
  })

  it('gives the file the mode of a normal new file', async () => {
    const { root, store, path } = realStore()
    writeFileSync(path('normal'), '')
    const session = await store.sink('a').begin(newObject())
    await session.commit([await write(session, 'x')])
    expect(statSync(path('a')).mode).toBe(statSync(path('normal')).mode)
    expect(openFilesIn(root)).toEqual([])
  })

  it('lets two sessions write the same key: the later commit wins, whole', async () => {
    const { root, store, path } = realStore()
    const [one, two] = [await store.sink('a').begin(newObject()), await store.sink('a').begin(newObject())]
    const receipts = [await write(one, 'first'), await write(two, 'second, longer')] as const
    await two.commit([receipts[1]])
    await one.commit([receipts[0]])
    expect(readFileSync(path('a'), 'utf8')).toBe('first')
    expect(treeOf(root)).toEqual(['a'])
  })
})

describe('closing the store', () => {
  it('gives handles of sessions back, which can then only be aborted', async () => {
    const { root, store } = realStore()
    const session = await store.sink('a').begin(newObject())
    const receipt = await write(session, 'x')
    await store.close()
    await store.close()
    expect(openFilesIn(root)).toEqual([])
    expect(await errorOf(write(session, 'y'))).toMatchObject({ code: 'SESSION_LOST' })
    expect(await errorOf(session.commit([receipt]))).toMatchObject({ code: 'SESSION_LOST' })
    await session.abort()
    expect(treeOf(root)).toEqual([])
  })

  it('awaits cleanup that was deferred, failed cleanup included', async () => {
    const { store } = realStore()
    const sink = store.sink('a')
    let done = false
    sink.defer?.(
      new Promise((resolve) =>
        setImmediate(() => {
          done = true
          resolve()
        }),
      ),
    )
    sink.defer?.(Promise.reject(new Error('cleanup failed')))
    await store.close()
    expect(done).toBe(true)
  })
})
