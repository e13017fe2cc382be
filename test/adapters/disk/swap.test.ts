import * as nodeFs from 'node:fs'
import { existsSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { disk, type FileSystem } from 'sluiceway/disk'
import { describe, expect, it } from 'vitest'
import {
  collect,
  errorOf,
  newObject,
  openFilesIn,
  realStore,
  temporaryFolder,
  treeOf,
  withCalls,
  write,
} from './helpers'

/** A folder outside of every root, with a secret in it. */
function outside() {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'secret'), 'secret')
  return folder
}

const read = async (store: ReturnType<typeof disk>, key: string) =>
  (await collect(await store.source(key).open())).toString()

const _put = async (store: ReturnType<typeof disk>, key: string, text: string) => {
  const session = await store.sink(key).begin(newObject())
  return session.commit([await write(session, text)])
}

describe('a path that is swapped between the look and the use', () => {
  /** node:fs that makes `change` once, just before `call` is made on a path the test accepts. */
  function swapping(
    call: 'open' | 'lstat' | 'mkdir' | 'rename' | 'unlink',
    accepts: (path: string) => boolean,
    change: () => void,
  ): FileSystem {
    let done = false
    const real = nodeFs.promises[call] as (...args: unknown[]) => Promise<unknown>
    return withCalls({
      [call]: async (...args: unknown[]) => {
        if (!done && accepts(args[0] as string)) {
          done = true
          change()
        }
        return real(...args)
      },
    })
  }

  it('a folder becomes a symlink before the file is opened: no byte of the outside is given', async () => {
    const folder = outside()
    let root = ''
    const fs = swapping(
      'open',
      (path) => path.endsWith('/secret'),
      () => {
        renameSync(join(root, 'folder'), join(root, 'old'))
        symlinkSync(folder, join(root, 'folder'))
      },
    )
    const made = realStore({ fs }, { 'folder/secret': 'mine' })
    root = made.root
    expect(await errorOf(made.store.source('folder/secret').open())).toMatchObject({ code: 'INVALID_KEY' })
    expect(openFilesIn(root)).toEqual([])
    expect(openFilesIn(folder)).toEqual([])
  })

  it('and swapped back after it: the opened file is not the one that stands there', async () => {
    const folder = outside()
    const { root, path } = realStore({}, { 'folder/secret': 'mine' })
    let opens = 0
    const fs = withCalls({
      async open(at, flags, mode) {
        if (opens++ > 0) return nodeFs.promises.open(at, flags, mode)
        renameSync(path('folder'), path('old'))
        symlinkSync(folder, path('folder'))
        const handle = await nodeFs.promises.open(at, flags, mode)
        rmSync(path('folder'))
        renameSync(path('old'), path('folder'))
        return handle
      },
    })
    expect(await read(disk({ root, fs }), 'folder/secret')).toBe('mine')
    expect(opens).toBe(2)
    expect(openFilesIn(folder)).toEqual([])
  })

  it('the file becomes a symlink before it is opened', async () => {
    const folder = outside()
    let at = ''
    const swap = () => {
      rmSync(at)
      symlinkSync(join(folder, 'secret'), at)
    }
    for (const call of ['open', 'lstat'] as const) {
      const fs = swapping(call, (path) => path.endsWith('/a'), swap)
      const { root, store, path } = realStore({ fs }, { a: 'mine' })
      at = path('a')
      expect(await errorOf(store.source('a').open())).toMatchObject({ code: 'INVALID_KEY' })
      expect(openFilesIn(root)).toEqual([])
    }
    const fs = swapping('lstat', (path) => path.endsWith('/a'), swap)
    const { store, path } = realStore({ fs }, { a: 'mine' })
    at = path('a')
    expect(await errorOf(store.source('a').stat())).toMatchObject({ code: 'INVALID_KEY' })
  })

  it('the file is replaced by another before it is opened: the new one is opened', async () => {
    let at = ''
    const fs = swapping(
      'open',
      (path) => path.endsWith('/a'),
      () => {
        writeFileSync(`${at}2`, 'newer')
        renameSync(`${at}2`, at)
      },
    )
    const { store, path } = realStore({ fs }, { a: 'mine' })
    at = path('a')
    expect(await read(store, 'a')).toBe('newer')
  })

  it.each([
    ['the folder of a new object, before the staged file is created', 'open', 'folder/a'],
    ['the folder of a new object, before a folder is made in it', 'mkdir', 'folder/new/a'],
  ] as const)('%s: nothing stays outside', async (_what, call, key) => {
    const folder = outside()
    let root = ''
    const fs = swapping(
      call,
      (path) => path.includes('/folder/'),
      () => {
        renameSync(join(root, 'folder'), join(root, 'old'))
        symlinkSync(folder, join(root, 'folder'))
      },
    )
    const made = realStore({ fs }, { 'folder/x': 'mine' })
    root = made.root
    expect(await errorOf(made.store.sink(key).begin(newObject()))).toMatchObject({ code: 'INVALID_KEY' })
    expect(treeOf(folder)).toEqual(['secret'])
    expect(treeOf(root)).toEqual(['folder', 'old', 'old/x'])
    expect(openFilesIn(folder)).toEqual([])
    expect(openFilesIn(root)).toEqual([])
  })

  it('the folder of a staged file, before the commit: nothing is renamed and nothing outside removed', async () => {
    const folder = outside()
    const { root, store, path } = realStore({}, { 'folder/x': 'mine' })
    const session = await store.sink('folder/secret').begin(newObject())
    const receipt = await write(session, 'new')
    const { staged } = session.state as { staged: string }
    renameSync(path('folder'), path('old'))
    symlinkSync(folder, path('folder'))
    // Even a file of the staged file's name does not make it the staged file.
    writeFileSync(path(staged), 'evil')
    expect(await errorOf(session.commit([receipt]))).toMatchObject({ code: 'SESSION_LOST' })
    await session.abort()
    expect(readFileSync(join(folder, 'secret'), 'utf8')).toBe('secret')
    expect(treeOf(folder)).toHaveLength(2)
    expect(openFilesIn(root)).toEqual([])
  })

  it('the folder, with the staged file in it, is moved out of the root and linked to: no commit', async () => {
    const folder = outside()
    const { store, path } = realStore({}, { 'folder/x': 'mine' })
    const session = await store.sink('folder/a').begin(newObject())
    const receipt = await write(session, 'new')
    renameSync(path('folder'), join(folder, 'moved'))
    symlinkSync(join(folder, 'moved'), path('folder'))
    expect(await errorOf(session.commit([receipt]))).toMatchObject({ code: 'INVALID_KEY' })
    expect(existsSync(join(folder, 'moved/a'))).toBe(false)
    await session.abort()
  })

  it('the staged file is replaced by a symlink: it is neither renamed nor followed', async () => {
    const folder = outside()
    const { store, path } = realStore()
    const session = await store.sink('a').begin(newObject())
    const receipt = await write(session, 'new')
    const { staged } = session.state as { staged: string }
    rmSync(path(staged))
    symlinkSync(join(folder, 'secret'), path(staged))
    expect(await errorOf(session.commit([receipt]))).toMatchObject({ code: 'SESSION_LOST' })
    await session.abort()
    expect(existsSync(path('a'))).toBe(false)
    expect(readFileSync(join(folder, 'secret'), 'utf8')).toBe('secret')
  })
})
