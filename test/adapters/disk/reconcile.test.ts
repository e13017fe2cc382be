import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Sink, WriteSession } from '../../../src/contract/sink'
import { crc64 } from '../../../src/testing'
import {
  errorOf,
  failure,
  newObject,
  openFilesIn,
  realStore,
  reopened,
  treeOf,
  withCalls,
  withHandles,
  write,
} from './helpers'

const text = 'hello'
const right = { crc64: crc64(Buffer.from(text)) }

async function written(session: WriteSession) {
  const receipts = [await write(session, text)]
  const pending = { size: text.length, digests: right, session: session.state, receipts }
  return { receipts, pending }
}

const stagedIn = (root: string) => join(root, treeOf(root).find((name) => name.endsWith('.part'))!)

describe('looking for the file of a session', () => {
  it('finds it in a folder made for it, by another process, and leaves no handle open', async () => {
    const { root, store } = realStore()
    const session = await store.sink('new/a').begin(newObject())
    const { receipts, pending } = await written(session)
    const { version } = await session.commit(receipts)
    const saved = JSON.parse(JSON.stringify(pending))
    expect(await reopened(root).sink('new/a').reconcile!(saved, newObject())).toEqual({
      size: 5,
      version,
      verified: [],
    })
    expect(openFilesIn(root)).toEqual([])
  })

  it('finds one that was given its name by a process that was killed before it removed the staged name', async () => {
    const { root, store, path } = realStore()
    const session = await store.sink('a').begin(newObject({ createOnly: true }))
    const { pending } = await written(session)
    linkSync(stagedIn(root), path('a'))
    // Two names of one file are proof enough, also where no digest is known.
    const found = await store.sink('a').reconcile!({ ...pending, digests: {}, receipts: [] }, newObject())
    expect(found).toMatchObject({ size: 5 })
    await session.abort()
    expect(readFileSync(path('a'), 'utf8')).toBe(text)
  })

  it('finds it by the digests of its parts', async () => {
    const { store } = realStore()
    const session = await store.sink('a').begin(newObject())
    const { receipts, pending } = await written(session)
    await session.commit(receipts)
    const attested = receipts.map((receipt) => ({ ...receipt, ...right }))
    const looking = store.sink('a').reconcile!({ ...pending, digests: {}, receipts: attested }, newObject())
    expect(await looking).toMatchObject({ size: 5 })
  })

  it('does not take a file for it that has its inode and size, and other bytes', async () => {
    const { root, store, path } = realStore()
    const session = await store.sink('a').begin(newObject())
    const { pending } = await written(session)
    renameSync(stagedIn(root), path('a'))
    writeFileSync(path('a'), 'HELLO')
    expect(await store.sink('a').reconcile!(pending, newObject())).toBeUndefined()
  })

  it('does not take a file of the same bytes for it that is another', async () => {
    const { store, path } = realStore()
    const session = await store.sink('a').begin(newObject())
    const { pending } = await written(session)
    writeFileSync(path('a'), text)
    expect(await store.sink('a').reconcile!(pending, newObject())).toBeUndefined()
  })

  it('is OUTCOME_UNKNOWN where no digest tells whose file has the inode', async () => {
    const { store } = realStore()
    const session = await store.sink('a').begin(newObject())
    const { receipts, pending } = await written(session)
    await session.commit(receipts)
    const looking = store.sink('a').reconcile!({ ...pending, digests: {} }, newObject())
    await expect(looking).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  })

  it.each<[string, (at: (key: string) => string) => void]>([
    ['is gone', (at) => rmSync(at('f'), { recursive: true })],
    [
      'has become a symlink to another',
      (at) => {
        renameSync(at('f'), at('g'))
        symlinkSync(at('g'), at('f'))
        rmSync(at('g/a'))
      },
    ],
    [
      'holds a folder of its name',
      (at) => {
        rmSync(at('f/a'))
        mkdirSync(at('f/a'))
      },
    ],
  ])('finds nothing where its folder %s', async (_, change) => {
    const { store, path } = realStore()
    const session = await store.sink('f/a').begin(newObject())
    const { receipts, pending } = await written(session)
    await session.commit(receipts)
    change(path)
    expect(await store.sink('f/a').reconcile!(pending, newObject())).toBeUndefined()
  })

  it('says nothing where the disk cannot be read', async () => {
    const { root, store } = realStore()
    const session = await store.sink('a').begin(newObject())
    const { receipts, pending } = await written(session)
    await session.commit(receipts)
    const fs = withHandles((_, path) =>
      path.endsWith('/a')
        ? {
            async read() {
              throw failure('EIO')
            },
          }
        : {},
    )
    const broken: Sink = reopened(root, { fs }).sink('a')
    expect(await errorOf(broken.reconcile!(pending, newObject()))).toMatchObject({ code: 'SINK_FAILED' })
    expect(openFilesIn(root)).toEqual([])
  })

  it('tells that it makes headway while it reads', async () => {
    const { store } = realStore()
    const session = await store.sink('a').begin(newObject())
    const { receipts, pending } = await written(session)
    await session.commit(receipts)
    let touched = 0
    const touch = () => {
      touched += 1
    }
    await store.sink('a').reconcile!(pending, newObject(), { touch })
    expect(touched).toBeGreaterThan(0)
  })
})

describe('a rename whose answer was lost', () => {
  it('is found by looking, where the first look failed', async () => {
    let failing = true
    const fs = withCalls({
      async rename(from, to) {
        renameSync(from, to)
        throw failure('ETIMEDOUT')
      },
    })
    const looking = withCalls(
      {
        async lstat(path, options) {
          if (failing && path.endsWith('/a') && treeOf(join(path, '..')).includes('a'))
            throw failure('ETIMEDOUT')
          return fs.promises.lstat(path, options)
        },
      },
      fs,
    )
    const { store } = realStore({ fs: looking })
    const session = await store.sink('a').begin(newObject())
    const { receipts, pending } = await written(session)
    await expect(session.commit(receipts)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
    failing = false
    expect(await store.sink('a').reconcile!(pending, newObject())).toMatchObject({ size: 5 })
  })
})
