import { execFileSync } from 'node:child_process'
import * as nodeFs from 'node:fs'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { disk } from 'sluiceway/disk'
import { describe, expect, it } from 'vitest'
import {
  bodyOf,
  errorOf,
  failure,
  memory,
  newObject,
  openFilesIn,
  pattern,
  realStore,
  temporaryFolder,
  treeOf,
  withCalls,
  withHandles,
  write,
} from './helpers'

describe('a disk sink', () => {
  it('states what it can do and names what it was asked to store beside the bytes', () => {
    const { store, root } = realStore()
    const sink = store.sink('a', { contentType: 'text/plain' })
    expect(sink.capabilities).toEqual({ minPartSize: 1, createOnly: 'enforced' })
    expect(sink.attributes).toEqual({ contentType: 'text/plain' })
    expect(sink.location).toBe(`disk:${root}/a`)
    expect(sink.put).toBeUndefined()
  })

  it('tells what stands at the destination', async () => {
    const { store } = realStore({}, { a: 'hello', 'folder/b': '' })
    expect(await store.sink('a').stat?.()).toEqual(await store.source('a').stat())
    expect(await store.sink('x').stat?.()).toBeUndefined()
    expect(await store.sink('x/y/z').stat?.()).toBeUndefined()
    expect(await store.sink('a/b').stat?.()).toBeUndefined()
    expect(await errorOf(async () => store.sink('folder').stat?.())).toMatchObject({ code: 'UNSUPPORTED' })
  })
})

describe('begin', () => {
  it('makes missing folders, the root among them, with the mode of normal folders', async () => {
    const folder = temporaryFolder()
    const store = disk({ root: join(folder, 'not/yet') })
    expect(await errorOf(store.source('a').stat())).toMatchObject({ code: 'NOT_FOUND' })
    const session = await store.sink('a/b').begin(newObject())
    await session.commit([await write(session, 'x')])
    mkdirSync(join(folder, 'normal'))
    expect(readFileSync(join(folder, 'not/yet/a/b'), 'utf8')).toBe('x')
    expect(statSync(join(folder, 'not/yet/a')).mode).toBe(statSync(join(folder, 'normal')).mode)
    const other = await disk({ root: join(folder, 'never') })
      .sink('a')
      .begin(newObject())
    await other.abort()
    expect(treeOf(folder)).not.toContain('never')
  })

  it('refuses a destination that is no regular file', async () => {
    const { root, store, path } = realStore({}, { 'folder/x': '', file: '' })
    execFileSync('mkfifo', [path('pipe')])
    for (const key of ['folder', 'pipe', 'file/below']) {
      expect(await errorOf(store.sink(key).begin(newObject()))).toMatchObject({ code: 'UNSUPPORTED' })
    }
    expect(treeOf(root)).toEqual(['file', 'folder', 'folder/x', 'pipe'])
    expect(openFilesIn(root)).toEqual([])
  })

  it('takes names of 255 bytes, of any script', async () => {
    for (const name of ['x'.repeat(255), '中'.repeat(85), `${'😀'.repeat(63)}abc`]) {
      const { root, store } = realStore()
      const session = await store.sink(`${name}/${name}`).begin(newObject())
      const { staged } = session.state as { staged: string }
      expect(staged).not.toContain('\ufffd')
      await session.commit([await write(session, 'x')])
      expect(treeOf(root)).toEqual([name, `${name}/${name}`])
    }
  })

  it('refuses a path that is too long as INVALID_KEY, and removes the folders it made', async () => {
    const { root, store } = realStore()
    const key = Array(30).fill('x'.repeat(200)).join('/')
    expect(await errorOf(store.sink(key).begin(newObject()))).toMatchObject({ code: 'INVALID_KEY' })
    expect(treeOf(root)).toEqual([])
  })

  it('refuses an object that is larger than the free space, and says how large both are', async () => {
    const { root, store } = realStore()
    const error = await errorOf(store.sink('new/a').begin(newObject({ size: 2 ** 52 })))
    expect(error).toMatchObject({ code: 'NO_SPACE', retry: 'permanent', context: { needed: 2 ** 52 } })
    expect(error.context.available).toBeTypeOf('number')
    expect(treeOf(root)).toEqual([])
    expect(openFilesIn(root)).toEqual([])
  })

  it.each([
    ['states none', { statfs: async () => ({ bsize: 0n, blocks: 0n, bavail: 0n }) }],
    ['cannot tell', { statfs: () => Promise.reject(failure('ENOSYS')) }],
    ['is not asked', { statfs: undefined }],
  ])('does not look at the space where the file system %s', async (_what, calls) => {
    const { store } = realStore({ fs: withCalls(calls) })
    await (await store.sink('a').begin(newObject({ size: 2 ** 52 }))).abort()
  })

  it.each([
    ['EACCES', 'ACCESS_DENIED', 'permanent'],
    ['EPERM', 'ACCESS_DENIED', 'permanent'],
    ['EROFS', 'ACCESS_DENIED', 'permanent'],
    ['ENOSPC', 'NO_SPACE', 'permanent'],
    ['EDQUOT', 'NO_SPACE', 'permanent'],
    ['EMFILE', 'SINK_FAILED', 'temporary'],
    ['ENFILE', 'SINK_FAILED', 'temporary'],
    ['EIO', 'SINK_FAILED', 'temporary'],
    ['EWEIRD', 'SINK_FAILED', 'permanent'],
  ])('that fails with %s is %s, %s, and leaves nothing', async (errno, code, retry) => {
    const cause = failure(errno)
    const { root, store } = realStore({ fs: withCalls({ open: () => Promise.reject(cause) }) })
    const error = await errorOf(store.sink('new/a').begin(newObject()))
    expect(error).toMatchObject({ code, retry, context: { errno, location: `disk:${root}/new/a` } })
    expect(error.cause).toBe(cause)
    expect(error.message).toMatch(/^Cannot begin to write disk:.*\. .+\.$/)
    expect(treeOf(root)).toEqual([])
  })

  it('leaves nothing when the signal fires in the middle', async () => {
    const controller = new AbortController()
    const fs = withHandles(() => {
      controller.abort()
      return {}
    })
    const { root, store } = realStore({ fs })
    const beginning = store.sink('new/a').begin(newObject(), { signal: controller.signal })
    expect(await errorOf(beginning)).toMatchObject({ code: 'ABORTED' })
    expect(treeOf(root)).toEqual([])
    expect(openFilesIn(root)).toEqual([])
  })

  it('makes the folder again when another transfer, aborted, removed it under its feet', async () => {
    let removed = false
    let folder = ''
    const fs = withCalls({
      async open(path, flags, mode) {
        if (!removed) rmSync(folder, { recursive: true })
        removed = true
        return nodeFs.promises.open(path, flags, mode)
      },
    })
    const { root, store, path } = realStore({ fs })
    folder = path('new')
    const session = await store.sink('new/a').begin(newObject())
    await session.commit([await write(session, 'x')])
    expect(treeOf(root)).toEqual(['new', 'new/a'])
  })

  it('works where fs has no numeric flags', async () => {
    const { fs } = memory()
    const store = disk({ root: '/root', fs: { promises: fs.promises } })
    const session = await store.sink('a').begin(newObject())
    await session.commit([await write(session, 'x')])
    expect((await store.source('a').stat()).size).toBe(1)
  })
})

describe('a disk that fills up while parts are written', () => {
  it('is NO_SPACE, and the abort gives all of it back', async () => {
    // A tmpfs of 2 MiB where mounting is allowed; elsewhere a file system that says so.
    const root = mkdtempSync(join(tmpdir(), 'disk-store-full-'))
    let mounted = true
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', root], { stdio: 'ignore' })
    } catch {
      mounted = false
    }
    const fs = mounted ? nodeFs : withHandles(() => ({ write: () => Promise.reject(failure('ENOSPC')) }))
    const store = disk({ root, fs })
    try {
      writeFileSync(join(root, 'a'), 'old')
      const session = await store.sink('a').begin(newObject())
      const size = 3 * 1024 * 1024
      const writing = session.writePart({ index: 0, start: 0, size }, bodyOf(pattern(size), 700_000))
      expect(await errorOf(writing)).toMatchObject({ code: 'NO_SPACE', context: { errno: 'ENOSPC' } })
      await session.abort()
      expect(treeOf(root)).toEqual(['a'])
      expect(readFileSync(join(root, 'a'), 'utf8')).toBe('old')
    } finally {
      await store.close()
      if (mounted) execFileSync('umount', [root])
      rmSync(root, { recursive: true })
    }
  })
})
