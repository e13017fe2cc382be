import { execFileSync } from 'node:child_process'
import * as nodeFs from 'node:fs'
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { disk } from 'sluiceway/disk'
import { describe, expect, it } from 'vitest'
import type { Store } from '../../../src/contract/store'
import { errorOf, failure, memory, newObject, realStore, temporaryFolder, withCalls, write } from './helpers'

const keysOf = async (store: Store, prefix?: string): Promise<string[]> => {
  const keys: string[] = []
  for await (const { key } of store.list(prefix)) keys.push(key)
  return keys
}

const files = (...keys: string[]) => Object.fromEntries(keys.map((key) => [key, key]))

describe('a listing', () => {
  const keys = [
    'a',
    'a-b',
    'a.txt',
    'a0',
    'b.c/x',
    'b/a',
    'b/b/c',
    'b/b0',
    'b0/x',
    'z',
    '中文/文件',
    '\uff5e',
    '😀',
  ]

  it('is in the order of the UTF-8 bytes of whole keys', async () => {
    const expected = [...keys].sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)))
    expect(await keysOf(realStore({}, files(...keys)).store)).toEqual(expected)
    const inMemory = memory(files(...keys.map((key) => `/root/${key}`)))
    expect(await keysOf(inMemory.store)).toEqual(expected)
  })

  it('tells of each object what stat tells', async () => {
    const { store } = realStore({}, files('a', 'b/c'))
    for await (const info of store.list()) expect(info).toEqual(await store.source(info.key).stat())
  })

  it.each([
    '',
    'a',
    'a.',
    'b',
    'b/',
    'b/b',
    'b/b/',
    'b/b/c',
    'b0',
    'b.',
    '中',
    '中文/',
    'nothing',
    'b//',
    './a',
    '/',
    '../',
    'a/',
  ])('with prefix %j holds the keys that start with it', async (prefix) => {
    const { store } = realStore({}, files(...keys))
    expect(await keysOf(store, prefix)).toEqual((await keysOf(store)).filter((key) => key.startsWith(prefix)))
  })

  it('opens no folder whose keys cannot begin with the prefix', async () => {
    const opened: string[] = []
    const fs = withCalls({
      readdir(path, options) {
        opened.push(path)
        return nodeFs.promises.readdir(path, options)
      },
    })
    const { root, store } = realStore({ fs }, files(...keys))
    await keysOf(store, 'b/b/')
    expect(opened).toEqual([root, join(root, 'b'), join(root, 'b/b')])
  })

  it('does not open a folder before its turn', async () => {
    let opened = 0
    const fs = withCalls({
      readdir(path, options) {
        opened++
        return nodeFs.promises.readdir(path, options)
      },
    })
    const { store } = realStore({ fs }, files('a/1', 'b/1', 'c/1'))
    for await (const { key } of store.list()) {
      expect(key).toBe('a/1')
      break
    }
    expect(opened).toBe(2)
  })

  it('leaves out staged files, pipes and empty folders', async () => {
    const { store, path } = realStore({}, files('a'))
    mkdirSync(path('empty/er'), { recursive: true })
    execFileSync('mkfifo', [path('pipe')])
    const session = await store.sink('b').begin(newObject())
    await write(session, 'x')
    expect(await keysOf(store)).toEqual(['a'])
    await session.abort()
  })

  it('follows symlinks that stay inside the root, but in no circle, and leaves the others out', async () => {
    const outside = temporaryFolder()
    writeFileSync(join(outside, 'secret'), '')
    const { store, path } = realStore({}, files('folder/x', 'folder/sub/y'))
    symlinkSync('folder/x', path('file'))
    symlinkSync('folder', path('link'))
    symlinkSync('..', path('folder/sub/round'))
    symlinkSync('../..', path('folder/sub/root'))
    symlinkSync(outside, path('out'))
    symlinkSync(join(outside, 'secret'), path('out2'))
    symlinkSync('nowhere', path('dangling'))
    symlinkSync('self', path('self'))
    symlinkSync('folder/x/y', path('through'))
    const listed = await keysOf(store)
    expect(listed).toEqual(['file', 'folder/sub/y', 'folder/x', 'link/sub/y', 'link/x'])
    for (const key of listed) await store.source(key).stat()
    expect(await keysOf(store, 'link/')).toEqual(['link/sub/y', 'link/x'])
  })

  it('shows no name of a folder that a symlink was put in place of', async () => {
    const outside = temporaryFolder()
    writeFileSync(join(outside, 'secret'), '')
    let swapped = false
    const fs = withCalls({
      async readdir(path, options) {
        if (path.endsWith('/folder') && !swapped) {
          swapped = true
          renameSync(path, `${path}.old`)
          symlinkSync(outside, path)
        }
        return nodeFs.promises.readdir(path, options)
      },
    })
    const { store } = realStore({ fs }, files('folder/x', 'z'))
    expect(await keysOf(store)).toEqual(['z'])
  })

  it('goes on when files and folders vanish on the way', async () => {
    const { store, path } = realStore({}, files('a', 'b', 'c/x', 'd'))
    const seen: string[] = []
    for await (const { key } of store.list()) {
      seen.push(key)
      if (key !== 'a') continue
      rmSync(path('b'))
      rmSync(path('c'), { recursive: true })
    }
    expect(seen).toEqual(['a', 'd'])
  })

  it('of a root that does not exist is empty, and of one that is a file an error', async () => {
    const { path } = realStore({}, files('a'))
    expect(await keysOf(disk({ root: path('none') }))).toEqual([])
    expect(await errorOf(keysOf(disk({ root: path('a') })))).toMatchObject({ code: 'NOT_FOUND' })
  })

  it('fails rather than leave out a folder it may not read', async () => {
    const fs = withCalls({
      readdir: (path, options) =>
        path.endsWith('/b') ? Promise.reject(failure('EACCES')) : nodeFs.promises.readdir(path, options),
    })
    const { store } = realStore({ fs }, files('a', 'b/c'))
    expect(await errorOf(keysOf(store))).toMatchObject({
      code: 'ACCESS_DENIED',
      context: { errno: 'EACCES' },
    })
  })

  it('ends when the signal fires', async () => {
    const { store } = realStore({}, files('a', 'b', 'c'))
    const controller = new AbortController()
    const seen: string[] = []
    const listing = async () => {
      for await (const { key } of store.list('', { signal: controller.signal })) {
        seen.push(key)
        controller.abort()
      }
    }
    expect(await errorOf(listing)).toMatchObject({ code: 'ABORTED' })
    expect(seen).toEqual(['a'])
  })
})
