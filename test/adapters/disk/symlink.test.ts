import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { disk } from 'sluiceway/disk'
import { describe, expect, it } from 'vitest'
import {
  collect,
  errorOf,
  memory,
  newObject,
  openFilesIn,
  realStore,
  temporaryFolder,
  treeOf,
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

const put = async (store: ReturnType<typeof disk>, key: string, text: string) => {
  const session = await store.sink(key).begin(newObject())
  return session.commit([await write(session, text)])
}

describe('a symlink that leads out of the root', () => {
  it.each([
    ['the file itself', 'link', (target: string) => join(target, 'secret')],
    ['a folder', 'link/secret', (target: string) => target],
    [
      'a folder, relatively',
      'link/secret',
      (target: string) => join('..', target.split('/').at(-1) as string),
    ],
    ['a dangling file', 'link', (target: string) => join(target, 'new')],
    ['a dangling folder', 'link/new', (target: string) => join(target, 'folder')],
    ['a dangling folder further up', 'link/deep/er/new', (target: string) => join(target, 'folder')],
    ['the folder above', 'link', () => '..'],
    ['the root of the system', 'link/etc/hostname', () => '/'],
  ])('is INVALID_KEY to read, to look at and to write: %s', async (_what, key, target) => {
    const { root, store, path } = realStore()
    const folder = outside()
    symlinkSync(target(folder), path('link'))
    for (const attempt of [
      () => store.source(key).stat(),
      () => store.source(key).open(),
      () => store.sink(key).stat?.(),
      () => store.sink(key).begin(newObject()),
    ]) {
      expect(await errorOf(attempt)).toMatchObject({ code: 'INVALID_KEY', retry: 'permanent' })
    }
    expect(treeOf(folder)).toEqual(['secret'])
    expect(treeOf(root)).toEqual(['link'])
  })

  it('is refused as well when it leads there in several steps', async () => {
    const { root, store, path } = realStore()
    const folder = outside()
    symlinkSync(folder, path('one'))
    symlinkSync('one', path('two'))
    symlinkSync('two/secret', path('three'))
    symlinkSync('two/new', path('four'))
    for (const key of ['two/secret', 'three', 'four']) {
      expect(await errorOf(store.source(key).open())).toMatchObject({ code: 'INVALID_KEY' })
      expect(await errorOf(store.sink(key).begin(newObject()))).toMatchObject({ code: 'INVALID_KEY' })
    }
    expect(treeOf(folder)).toEqual(['secret'])
    expect(openFilesIn(root)).toEqual([])
  })

  it('is refused to a neighbour whose name begins like the root', async () => {
    const { root, store, path } = realStore()
    mkdirSync(`${root}-neighbour`)
    try {
      writeFileSync(join(`${root}-neighbour`, 'secret'), 'secret')
      symlinkSync(`${root}-neighbour`, path('link'))
      expect(await errorOf(store.source('link/secret').open())).toMatchObject({ code: 'INVALID_KEY' })
    } finally {
      rmSync(`${root}-neighbour`, { recursive: true })
    }
  })

  it('is refused on memfs', async () => {
    const { fs, store } = memory({ '/outside/secret': 'secret' })
    fs.symlinkSync('/outside', '/root/folder')
    fs.symlinkSync('/outside/secret', '/root/file')
    fs.symlinkSync('/outside/new', '/root/dangling')
    for (const key of ['folder/secret', 'file', 'dangling', 'folder/new']) {
      expect(await errorOf(store.source(key).open())).toMatchObject({ code: 'INVALID_KEY' })
      expect(await errorOf(store.sink(key).begin(newObject()))).toMatchObject({ code: 'INVALID_KEY' })
    }
    expect(fs.readdirSync('/outside')).toEqual(['secret'])
  })

  it('in a circle is INVALID_KEY', async () => {
    const { store, path } = realStore()
    symlinkSync('b', path('a'))
    symlinkSync('a', path('b'))
    expect(await errorOf(store.source('a').stat())).toMatchObject({ code: 'INVALID_KEY' })
    expect(await errorOf(store.sink('a/x').begin(newObject()))).toMatchObject({ code: 'INVALID_KEY' })
  })
})

describe('a symlink that stays inside the root', () => {
  it('is followed to read a file and through folders', async () => {
    const { store, path } = realStore({}, { 'folder/a': 'hello' })
    symlinkSync('folder/a', path('file'))
    symlinkSync(path('folder'), path('absolute'))
    symlinkSync('../folder', path('folder/round'))
    for (const key of ['file', 'absolute/a', 'folder/round/a']) {
      expect(await read(store, key)).toBe('hello')
      expect(await store.source(key).stat()).toMatchObject({ key, size: 5 })
    }
  })

  it('is followed in the folders of a key that is written', async () => {
    const { store, path } = realStore({}, { 'folder/a': 'hello' })
    symlinkSync('folder', path('link'))
    symlinkSync('later', path('dangling'))
    await put(store, 'link/b', 'new')
    await put(store, 'dangling/deep/c', 'newer')
    expect(readFileSync(path('folder/b'), 'utf8')).toBe('new')
    expect(readFileSync(path('later/deep/c'), 'utf8')).toBe('newer')
  })

  it('is replaced where the object itself is written, and not written through', async () => {
    const { store, path } = realStore({}, { a: 'hello' })
    symlinkSync('a', path('link'))
    symlinkSync('nowhere', path('dangling'))
    await put(store, 'link', 'new')
    await put(store, 'dangling', 'newer')
    expect(readFileSync(path('a'), 'utf8')).toBe('hello')
    expect(await read(store, 'link')).toBe('new')
    expect(await read(store, 'dangling')).toBe('newer')
    expect(existsSync(path('nowhere'))).toBe(false)
  })

  it('that dangles is NOT_FOUND to read, and in the way of createOnly', async () => {
    const { store, path } = realStore()
    symlinkSync('nowhere', path('link'))
    expect(await errorOf(store.source('link').stat())).toMatchObject({ code: 'NOT_FOUND' })
    expect(await store.sink('link').stat?.()).toBeUndefined()
    const session = await store.sink('link').begin(newObject({ createOnly: true }))
    const receipt = await write(session, 'x')
    expect(await errorOf(session.commit([receipt]))).toMatchObject({ code: 'ALREADY_EXISTS' })
    await session.abort()
  })
})

describe('the root', () => {
  it('may itself be a symlink', async () => {
    const { root } = realStore({}, { a: 'hello' })
    const link = join(temporaryFolder(), 'link')
    symlinkSync(root, link)
    const store = disk({ root: link })
    expect(await read(store, 'a')).toBe('hello')
    await put(store, 'b/c', 'new')
    expect(readFileSync(join(root, 'b/c'), 'utf8')).toBe('new')
    const keys: string[] = []
    for await (const { key } of store.list()) keys.push(key)
    expect(keys).toEqual(['a', 'b/c'])
  })

  it('may be the root of the file system', async () => {
    const { fs } = memory({ '/a': 'hello' })
    const store = disk({ root: '/', fs })
    expect(await read(store, 'a')).toBe('hello')
    await put(store, 'b/c', 'new')
    expect(fs.readFileSync('/b/c', 'utf8')).toBe('new')
  })
})
