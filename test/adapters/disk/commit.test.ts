import { existsSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  bodyOf,
  errorOf,
  failure,
  memory,
  newObject,
  openFilesIn,
  partsOf,
  realStore,
  treeOf,
  withCalls,
  withHandles,
  write,
} from './helpers'

const _KiB = 1024

describe('a commit', () => {
  it('again gives the same answer and changes nothing', async () => {
    const { root, store, path } = realStore()
    const session = await store.sink('a').begin(newObject())
    const receipts = [await write(session, 'hello')]
    const [one, two] = await Promise.all([session.commit(receipts), session.commit(receipts)])
    writeFileSync(path('b'), 'x')
    expect(two).toEqual(one)
    expect(await session.commit(receipts)).toEqual(one)
    await session.abort()
    await session.abort()
    expect(treeOf(root)).toEqual(['a', 'b'])
    expect(readFileSync(path('a'), 'utf8')).toBe('hello')
  })

  it('refuses receipts that are not the whole object, and takes them once they are', async () => {
    const { store, path } = realStore()
    const session = await store.sink('a').begin(newObject({ size: 6 }))
    const [one, two, three] = partsOf(Buffer.from('aabbcc'), 2)
    const receipts = [await session.writePart(one!.part, bodyOf(one!.bytes))]
    expect(await errorOf(session.commit(receipts))).toMatchObject({ code: 'INTEGRITY' })
    receipts.push({ index: 1, size: 2 }, await session.writePart(three!.part, bodyOf(three!.bytes)))
    expect(await errorOf(session.commit(receipts))).toMatchObject({ code: 'INTEGRITY', context: { part: 1 } })
    await session.writePart(two!.part, bodyOf(two!.bytes))
    await session.commit(receipts.reverse())
    expect(readFileSync(path('a'), 'utf8')).toBe('aabbcc')
  })

  it('refuses a part of which a later attempt failed half-way', async () => {
    const { store } = realStore()
    const session = await store.sink('a').begin(newObject())
    const receipt = await write(session, 'aaaaa')
    const part = { index: 0, start: 0, size: 5 }
    await errorOf(session.writePart(part, bodyOf(Buffer.from('bb'))))
    expect(await errorOf(session.commit([receipt]))).toMatchObject({ code: 'INTEGRITY' })
  })

  it('refuses a file of another size than its parts', async () => {
    const { store, path } = realStore()
    const session = await store.sink('a').begin(newObject())
    const receipt = await write(session, 'aaaaa')
    const { staged } = session.state as { staged: string }
    writeFileSync(path(staged), 'x', { flag: 'a' })
    expect(await errorOf(session.commit([receipt]))).toMatchObject({ code: 'INTEGRITY' })
    expect(existsSync(path('a'))).toBe(false)
  })

  it('syncs the file before the rename, and its folders after it', async () => {
    const log: string[] = []
    const handles = withHandles((handle, path) => ({
      async sync() {
        log.push(`sync ${path.includes('.sluiceway-') ? 'staged' : path}`)
        await handle.sync?.()
      },
    }))
    const fs = withCalls(
      {
        async rename(from, to) {
          log.push('rename')
          return (await import('node:fs/promises')).rename(from, to)
        },
      },
      handles,
    )
    const { root, store } = realStore({ fs })
    const session = await store.sink('new/folder/a').begin(newObject())
    await session.commit([await write(session, 'x')])
    expect(log.slice(0, 2)).toEqual(['sync staged', 'rename'])
    expect(log.slice(2).sort()).toEqual(['', '/new', '/new/folder'].map((folder) => `sync ${root}${folder}`))
  })

  it('with fsync: false syncs nothing and says so', async () => {
    const fs = withHandles(() => ({ sync: () => Promise.reject(new Error('not wanted')) }))
    const session = await realStore({ fs, fsync: false }).store.sink('a').begin(newObject())
    expect(await session.commit([await write(session, 'x')])).toMatchObject({ verified: [] })
  })

  it('does not claim a sync where folders cannot be synced', async () => {
    const fs = withHandles((handle, path) => ({
      sync: () => (path.includes('.sluiceway-') ? handle.sync!() : Promise.reject(failure('EINVAL'))),
    }))
    const session = await realStore({ fs }).store.sink('a').begin(newObject())
    expect(await session.commit([await write(session, 'x')])).toMatchObject({ size: 1, verified: [] })
  })

  it('after a failed fsync never succeeds in this session: the bytes are lost', async () => {
    let syncs = 0
    const fs = withHandles(() => ({
      sync: () => (syncs++ === 0 ? Promise.reject(failure('EIO')) : Promise.resolve()),
    }))
    const { root, store, path } = realStore({ fs })
    writeFileSync(path('a'), 'old')
    const session = await store.sink('a').begin(newObject())
    const receipts = [await write(session, 'new')]
    const error = await errorOf(session.commit(receipts))
    expect(error).toMatchObject({ code: 'SINK_FAILED', retry: 'permanent', context: { errno: 'EIO' } })
    expect(await errorOf(session.commit(receipts))).toBe(error)
    await session.abort()
    expect(readFileSync(path('a'), 'utf8')).toBe('old')
    expect(treeOf(root)).toEqual(['a'])
    expect(openFilesIn(root)).toEqual([])
  })

  it('is OUTCOME_UNKNOWN when the object stands but its folder could not be synced, also when asked again', async () => {
    let failed = false
    const fs = withHandles((handle, path) => ({
      async sync() {
        if (!path.includes('.sluiceway-') && !failed) {
          failed = true
          throw failure('EIO')
        }
        await handle.sync?.()
      },
    }))
    const { root, store, path } = realStore({ fs })
    const session = await store.sink('a').begin(newObject())
    const receipts = [await write(session, 'new')]
    expect(await errorOf(session.commit(receipts))).toMatchObject({ code: 'OUTCOME_UNKNOWN' })
    expect(await errorOf(session.commit(receipts))).toMatchObject({ code: 'OUTCOME_UNKNOWN' })
    await session.abort()
    expect(readFileSync(path('a'), 'utf8')).toBe('new')
    expect(openFilesIn(root)).toEqual([])
  })

  it.each([
    ['rename', false],
    ['link', true],
  ] as const)(
    'whose %s worked though it reported an error is settled by the inode',
    async (call, createOnly) => {
      const real = await import('node:fs/promises')
      const lost = async (from: string, to: string) => {
        await real[call](from, to)
        // Probing for hard links is not what is lost.
        if (to.endsWith('/a')) throw failure('EIO')
      }
      const { root, store, path } = realStore({ fs: withCalls({ [call]: lost }) })
      const session = await store.sink('a').begin(newObject({ createOnly }))
      expect(await session.commit([await write(session, 'new')])).toMatchObject({ size: 3 })
      expect(readFileSync(path('a'), 'utf8')).toBe('new')
      expect(treeOf(root)).toEqual(['a'])
    },
  )

  it('is OUTCOME_UNKNOWN, and may be tried again, while the disk does not answer', async () => {
    const real = await import('node:fs/promises')
    let broken = false
    const fs = withCalls({
      async rename(from, to) {
        await real.rename(from, to)
        broken = true
        throw failure('EIO')
      },
      lstat: (path, options) => (broken ? Promise.reject(failure('EIO')) : real.lstat(path, options)),
    })
    const { store, path } = realStore({ fs })
    const session = await store.sink('a').begin(newObject())
    const receipts = [await write(session, 'new')]
    expect(await errorOf(session.commit(receipts))).toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      retry: 'temporary',
    })
    broken = false
    expect(await session.commit(receipts)).toMatchObject({ size: 3, verified: ['fsync'] })
    expect(readFileSync(path('a'), 'utf8')).toBe('new')
  })

  it.each([
    ['EXDEV', 'UNSUPPORTED', 'permanent'],
    ['EACCES', 'ACCESS_DENIED', 'permanent'],
    ['EROFS', 'ACCESS_DENIED', 'permanent'],
    ['EDQUOT', 'NO_SPACE', 'permanent'],
    ['EBUSY', 'SINK_FAILED', 'temporary'],
  ])('that fails with %s is %s, and the existing object survives', async (errno, code, retry) => {
    const real = await import('node:fs/promises')
    let fails = true
    const rename = (from: string, to: string) =>
      fails ? Promise.reject(failure(errno)) : real.rename(from, to)
    const { root, store, path } = realStore({ fs: withCalls({ rename }) })
    writeFileSync(path('a'), 'old')
    const session = await store.sink('a').begin(newObject())
    const receipts = [await write(session, 'new')]
    expect(await errorOf(session.commit(receipts))).toMatchObject({ code, retry, context: { errno } })
    expect(readFileSync(path('a'), 'utf8')).toBe('old')
    fails = false
    await session.commit(receipts)
    expect(readFileSync(path('a'), 'utf8')).toBe('new')
    expect(treeOf(root)).toEqual(['a'])
  })

  it('is SESSION_LOST when the staged file is gone, or is another one', async () => {
    for (const replacement of [undefined, 'evil']) {
      const { root, store, path } = realStore()
      const session = await store.sink('a').begin(newObject())
      const receipt = await write(session, 'good')
      const { staged } = session.state as { staged: string }
      if (replacement) writeFileSync(path('other'), replacement)
      unlinkSync(path(staged))
      if (replacement) writeFileSync(path(staged), replacement)
      expect(await errorOf(session.commit([receipt]))).toMatchObject({ code: 'SESSION_LOST' })
      expect(existsSync(path('a'))).toBe(false)
      await session.abort()
      expect(openFilesIn(root)).toEqual([])
    }
  })

  it('does not replace a folder that appeared meanwhile', async () => {
    const { fs, store } = memory()
    const real = realStore()
    for (const [sink, appear] of [
      [store.sink('a'), () => fs.mkdirSync('/root/a')],
      [real.store.sink('a'), () => mkdirSync(real.path('a'))],
    ] as const) {
      const session = await sink.begin(newObject())
      const receipt = await write(session, 'x')
      appear()
      expect(await errorOf(session.commit([receipt]))).toMatchObject({ code: 'UNSUPPORTED' })
      await session.abort()
    }
  })

  it('whose signal has fired changes nothing', async () => {
    const { root, store } = realStore()
    const session = await store.sink('a').begin(newObject())
    const receipt = await write(session, 'x')
    const signal = AbortSignal.abort()
    expect(await errorOf(session.commit([receipt], { signal }))).toMatchObject({ code: 'ABORTED' })
    expect(existsSync(join(root, 'a'))).toBe(false)
    await session.commit([receipt])
    expect(treeOf(root)).toEqual(['a'])
  })
})
