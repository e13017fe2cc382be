import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, renameSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { disk } from 'sluiceway/disk'
import { describe, expect, it } from 'vitest'
import { errorOf, memory, openFilesIn, realStore, withCalls } from './helpers'

const _MiB = 1024 * 1024

describe('stat of a file', () => {
  it('tells size, version and time', async () => {
    const { root, store } = realStore({}, { a: 'hello' })
    utimesSync(join(root, 'a'), 1000, 2000)
    const info = await store.source('a').stat()
    expect(info).toMatchObject({ key: 'a', size: 5, lastModified: new Date(2000_000) })
    expect(info.version).toMatch(/^\d+-\d+-5-2000000000000$/)
  })

  it('tells another version after the file was written, replaced or cut', async () => {
    const { root, store } = realStore({}, { a: 'hello' })
    const path = join(root, 'a')
    const versions = [(await store.source('a').stat()).version]
    const changes = [
      () => appendFileSync(path, '!'),
      () => truncateSync(path, 5),
      () => {
        writeFileSync(`${path}2`, 'hello')
        renameSync(`${path}2`, path)
      },
      () => utimesSync(path, 5, 5),
    ]
    for (const change of changes) {
      change()
      versions.push((await store.source('a').stat()).version)
    }
    expect(new Set(versions).size).toBe(5)
  })

  it('works without bigint times, as on memfs and smaller modules', async () => {
    const { fs } = memory({ '/root/a': 'hello' })
    const lstat = async (path: string) => {
      const { dev, ino, size, mtimeMs, ...rest } = await fs.promises.lstat(path)
      const kind = { isFile: () => true, isDirectory: () => false, isSymbolicLink: () => false }
      return {
        ...rest,
        dev: Number(dev),
        ino: Number(ino),
        size: Number(size),
        mtimeMs: Number(mtimeMs),
        ...kind,
      }
    }
    const store = disk({ root: '/root', fs: withCalls({ lstat }, fs) })
    expect((await store.source('a').stat()).version).toMatch(/^\d+-\d+-5-\d{19}$/)
  })

  it('rejects with NOT_FOUND where there is nothing', async () => {
    const { store } = realStore({}, { a: 'x' })
    for (const key of ['b', 'b/c', 'a/b']) {
      expect(await errorOf(store.source(key).stat())).toMatchObject({ code: 'NOT_FOUND' })
      expect(await errorOf(store.source(key).open())).toMatchObject({ code: 'NOT_FOUND' })
    }
  })

  it('rejects with SOURCE_CHANGED when the source was made for another version', async () => {
    const { store } = realStore({}, { a: 'x' })
    const source = store.source('a', { version: '1-2-3-4' })
    expect(await errorOf(source.stat())).toMatchObject({ code: 'SOURCE_CHANGED' })
    expect(await errorOf(source.open())).toMatchObject({ code: 'SOURCE_CHANGED' })
  })
})

describe('what is no regular file', () => {
  it('is UNSUPPORTED at once: folders, pipes, sockets, devices', async () => {
    const { root, store } = realStore()
    mkdirSync(join(root, 'folder'))
    execFileSync('mkfifo', [join(root, 'pipe')])
    execFileSync('mknod', [join(root, 'device'), 'c', '1', '5'])
    const server = createServer().listen(join(root, 'socket'))
    await new Promise((resolve) => server.once('listening', resolve))
    try {
      for (const key of ['folder', 'pipe', 'device', 'socket']) {
        expect(await errorOf(store.source(key).stat())).toMatchObject({ code: 'UNSUPPORTED' })
        expect(await errorOf(store.source(key).open())).toMatchObject({ code: 'UNSUPPORTED' })
      }
    } finally {
      server.close()
    }
    expect(openFilesIn(root)).toEqual([])
  })

  it('does not block when a file becomes a pipe between the look and the opening', async () => {
    const files = { a: 'x' }
    const fs = withCalls({
      async open(path, flags, mode) {
        renameSync(path, `${path}.old`)
        execFileSync('mkfifo', [path])
        return (await import('node:fs/promises')).open(path, flags, mode)
      },
    })
    const { root, store } = realStore({ fs }, files)
    expect(await errorOf(store.source('a').open())).toMatchObject({ code: 'UNSUPPORTED' })
    expect(openFilesIn(root)).toEqual([])
  })
})

describe('a call whose signal has fired', () => {
  it('does not start', async () => {
    const { store } = realStore({}, { a: 'x' })
    const signal = AbortSignal.abort()
    expect(await errorOf(store.source('a').stat({ signal }))).toMatchObject({ code: 'ABORTED' })
    expect(await errorOf(store.source('a').open(undefined, { signal }))).toMatchObject({ code: 'ABORTED' })
  })
})
