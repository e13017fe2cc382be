import { existsSync, mkdirSync, readFileSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Body } from '../../../src/contract/sink'
import {
  errorOf,
  failure,
  newObject,
  openFilesIn,
  realStore,
  treeOf,
  withCalls,
  withHandles,
  write,
} from './helpers'

const KiB = 1024

describe('an abort', () => {
  it('leaves no file, no folder and no open handle, twice too', async () => {
    const { root, store } = realStore()
    mkdirSync(join(root, 'kept'))
    const session = await store.sink('kept/made/too/a').begin(newObject())
    await write(session, 'x')
    await session.abort()
    await session.abort()
    expect(treeOf(root)).toEqual(['kept'])
    expect(openFilesIn(root)).toEqual([])
    expect(await errorOf(write(session, 'y'))).toMatchObject({ code: 'SESSION_LOST' })
    expect(await errorOf(session.commit([]))).toMatchObject({ code: 'SESSION_LOST' })
  })

  it('ends writes under way, hanging bodies included, and only then removes the file', async () => {
    const { root, store } = realStore()
    const session = await store.sink('a').begin(newObject())
    const endless: Body = {
      size: 1e9,
      open: async () =>
        (async function* () {
          for (;;) yield Buffer.alloc(600 * KiB)
        })(),
    }
    const hanging: Body = { size: 5, open: () => new Promise(() => {}) }
    const writes = [
      errorOf(session.writePart({ index: 0, start: 0, size: 1e9 }, endless)),
      errorOf(session.writePart({ index: 1, start: 1e9, size: 5 }, hanging)),
      errorOf(session.writePart({ index: 0, start: 0, size: 1e9 }, endless)),
    ]
    const { staged } = session.state as { staged: string }
    await expect.poll(() => statSync(join(root, staged)).size).toBeGreaterThan(0)
    await session.abort()
    expect(treeOf(root)).toEqual([])
    expect(openFilesIn(root)).toEqual([])
    for (const error of await Promise.all(writes)) expect(error).toMatchObject({ code: 'SESSION_LOST' })
  })

  it('leaves the existing object alone', async () => {
    const { root, store, path } = realStore()
    writeFileSync(path('a'), 'old')
    const session = await store.sink('a').begin(newObject())
    await write(session, 'new')
    await session.abort()
    expect(readFileSync(path('a'), 'utf8')).toBe('old')
    expect(treeOf(root)).toEqual(['a'])
  })

  it('waits for a write under way before it closes and removes the file', async () => {
    const log: string[] = []
    let release = () => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const handles = withHandles((handle) => ({
      async write(...args) {
        log.push('write begins')
        await gate
        log.push('write ends')
        return handle.write(...args)
      },
      async close() {
        log.push('close')
        await handle.close()
      },
    }))
    const { store } = realStore({ fs: handles })
    const session = await store.sink('a').begin(newObject())
    const writing = errorOf(write(session, Buffer.alloc(1200 * KiB)))
    await expect.poll(() => log.length).toBe(1)
    const aborting = session.abort()
    await new Promise((resolve) => setImmediate(resolve))
    release()
    await aborting
    expect(log).toEqual(['write begins', 'write ends', 'close'])
    expect(await writing).toMatchObject({ code: 'SESSION_LOST' })
  })

  it('leaves an empty folder that somebody put in place of one it made', async () => {
    const { root, store, path } = realStore()
    const session = await store.sink('made/a').begin(newObject())
    renameSync(path('made'), path('elsewhere'))
    mkdirSync(path('made'))
    await session.abort()
    expect(treeOf(root)).toContain('made')
  })

  it('leaves folders that another transfer uses to that one', async () => {
    const { root, store } = realStore()
    const one = await store.sink('new/one/a').begin(newObject())
    const two = await store.sink('new/two/a').begin(newObject())
    await one.abort()
    expect(existsSync(join(root, 'new/two'))).toBe(true)
    await two.abort()
    expect(treeOf(root)).toEqual([])
  })

  it('keeps folders that hold a committed object', async () => {
    const { root, store } = realStore()
    const one = await store.sink('new/a').begin(newObject())
    const two = await store.sink('new/b').begin(newObject())
    await two.commit([await write(two, 'x')])
    await one.abort()
    expect(treeOf(root)).toEqual(['new', 'new/b'])
  })

  it('removes nothing that somebody else put in place of the staged file', async () => {
    const { root, store, path } = realStore()
    const session = await store.sink('a').begin(newObject())
    const { staged } = session.state as { staged: string }
    writeFileSync(path('other'), 'precious')
    unlinkSync(path(staged))
    writeFileSync(path(staged), 'precious')
    await session.abort()
    expect(treeOf(root)).toContain(staged)
  })

  it('that could not remove the file says so, and can be asked again', async () => {
    const real = await import('node:fs/promises')
    let fails = true
    const unlink = (path: string) => (fails ? Promise.reject(failure('EACCES')) : real.unlink(path))
    const { root, store } = realStore({ fs: withCalls({ unlink }) })
    const session = await store.sink('a').begin(newObject())
    expect(await errorOf(session.abort())).toMatchObject({
      code: 'ACCESS_DENIED',
      context: { staged: expect.stringContaining('.sluiceway-') },
    })
    fails = false
    await session.abort()
    expect(treeOf(root)).toEqual([])
  })

  it('waits for a commit under way, and then changes nothing', async () => {
    const { root, store } = realStore()
    const session = await store.sink('a').begin(newObject())
    const receipt = await write(session, 'x')
    const [committed] = await Promise.all([session.commit([receipt]), session.abort()])
    expect(committed.size).toBe(1)
    expect(treeOf(root)).toEqual(['a'])
  })
})
