import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { FileSession } from '../../../src/adapters/disk/session'
import type { Json, PartReceipt, WriteSession } from '../../../src/contract/sink'
import type { Store } from '../../../src/contract/store'
import { crc64 } from '../../../src/integrity/crc64'
import {
  bodyOf,
  errorOf,
  newObject,
  openFilesIn,
  partsOf,
  pattern,
  realStore,
  reopened,
  temporaryFolder,
  treeOf,
  withCalls,
  withHandles,
  write,
} from './helpers'

const KiB = 1024
const content = pattern(1000 * KiB)
const object = newObject({ size: content.length })
const parts = partsOf(content, 300 * KiB)
const receiptOf = (index: number): PartReceipt => {
  const { bytes } = parts[index]!
  return { index, size: bytes.length, crc64: crc64(bytes) }
}
const all = parts.map(({ part }) => receiptOf(part.index))

async function send(session: WriteSession, ...indexes: number[]): Promise<void> {
  for (const index of indexes)
    await session.writePart(parts[index]!.part, bodyOf(parts[index]!.bytes, 64 * KiB))
}

const resume = (root: string, state: Json, key = 'a', change = {}) =>
  reopened(root).sink(key).resume!(JSON.parse(JSON.stringify(state)), { ...object, ...change })

const stagedIn = (root: string) => {
  const name = readdirSync(root).find((each) => each.endsWith('.part'))
  if (!name) throw new Error('There is no staged file')
  return join(root, name)
}

/** What a power cut may leave of bytes that were written and never synced. */
async function damage(path: string, offset: number): Promise<void> {
  const handle = await open(path, 'r+')
  await handle.write(Buffer.alloc(4096), 0, 4096, offset)
  await handle.close()
}

describe('a staged file of a process that was killed', () => {
  it('is resumed with its whole parts, and without the one that was being written', async () => {
    const root = temporaryFolder()
    const args = ['--import', 'tsx', join(import.meta.dirname, 'interrupted-writer.ts')]
    const child = spawn(process.execPath, [...args, root, 'a', `${content.length}`, `${300 * KiB}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    child.kill('SIGKILL')
    await once(child, 'exit')

    const session = await resume(root, JSON.parse(line.toString()) as Json)
    expect(await session.listParts!()).toEqual(all.slice(0, 3))
    await send(session, 3)
    expect(await session.commit(all)).toMatchObject({ size: content.length, verified: ['fsync'] })
    expect(readFileSync(join(root, 'a')).equals(content)).toBe(true)
    expect(treeOf(root)).toEqual(['a'])
  })

  it('lists each part with the digest of what is in the file, so that a torn one shows', async () => {
    const { root, store } = realStore()
    const { session, state } = await begun(store)
    await send(session, 0, 1, 2)
    await store.close()
    await damage(stagedIn(root), parts[1]!.part.start + 7000)

    const resumed = await resume(root, state)
    const [first, torn, third] = await resumed.listParts!()
    expect([first, third]).toEqual([receiptOf(0), receiptOf(2)])
    expect(torn).toMatchObject({ index: 1, size: 300 * KiB })
    expect(torn?.crc64).not.toBe(receiptOf(1).crc64)
    await send(resumed, 3)
    expect(await errorOf(resumed.commit(all))).toMatchObject({ code: 'INTEGRITY', context: { part: 1 } })
    await send(resumed, 1)
    await resumed.commit(all)
    expect(readFileSync(join(root, 'a')).equals(content)).toBe(true)
  })

  it('is not committed on the word of its journal alone', async () => {
    const { root, store } = realStore()
    const { session, state } = await begun(store)
    await send(session, 0, 1, 2, 3)
    await store.close()
    await damage(stagedIn(root), 0)
    const resumed = await resume(root, state)
    expect(await errorOf(resumed.commit(all))).toMatchObject({ code: 'INTEGRITY', context: { part: 0 } })
    expect(treeOf(root)).not.toContain('a')
  })

  it('lists no part beyond the end of the file', async () => {
    const { root, store } = realStore()
    const { session, state } = await begun(store)
    await send(session, 0, 1, 2)
    await store.close()
    truncateSync(stagedIn(root), 450 * KiB)
    expect(await (await resume(root, state)).listParts!()).toEqual([receiptOf(0)])
  })

  it('lists no part that was being written again, nor one whose line in the journal was cut', async () => {
    const { root, store } = realStore()
    const { session, state } = await begun(store)
    await send(session, 0, 1, 2)
    const broken = { size: parts[1]!.bytes.length, open: async () => Promise.reject(new Error('cut off')) }
    await errorOf(session.writePart(parts[1]!.part, broken))
    await store.close()
    const journal = stagedIn(root).replace(/part$/, 'journal')
    writeFileSync(journal, readFileSync(journal).subarray(0, -10))
    expect(await (await resume(root, state)).listParts!()).toEqual([receiptOf(0)])
  })

  it('can be resumed again and again, and lists what all its holders wrote', async () => {
    const { root, store } = realStore()
    const { session, state } = await begun(store)
    await send(session, 1)
    await store.close()
    for (const index of [0, 3, 2]) {
      const resumed = await resume(root, state)
      expect(resumed.state).toEqual(state)
      await send(resumed, index)
    }
    const last = await resume(root, state)
    expect(await last.listParts!()).toEqual(all)
    await last.commit(all)
    expect(readFileSync(join(root, 'a')).equals(content)).toBe(true)
    expect(treeOf(root)).toEqual(['a'])
  })

  it('leaves no trace when its last holder aborts, folders included that the first one made', async () => {
    const { root, store } = realStore()
    mkdirSync(join(root, 'old'))
    const session = await store.sink('old/new/newer/a').begin(object)
    await send(session, 0)
    await store.close()
    const resumed = await resume(root, session.state, 'old/new/newer/a')
    await resumed.abort()
    await resumed.abort()
    expect(treeOf(root)).toEqual(['old'])
    expect(openFilesIn(root)).toEqual([])
  })

  it('stays when it is released, with nothing left open', async () => {
    const { root, store } = realStore()
    const { session, state } = await begun(store)
    await send(session, 0)
    await (session as FileSession).release()
    expect(openFilesIn(root)).toEqual([])
    expect(await errorOf(send(session, 1))).toMatchObject({ code: 'SESSION_LOST' })
    expect(await (await resume(root, state)).listParts!()).toEqual([receiptOf(0)])
  })

  it('stays when the store is closed after a resume, too', async () => {
    const { root, store } = realStore()
    const { session, state } = await begun(store)
    await send(session, 0)
    await store.close()
    const second = reopened(root)
    const resumed = await second.sink('a').resume!(state, object)
    await send(resumed, 1)
    await second.close()
    expect(openFilesIn(root)).toEqual([])
    expect(await (await resume(root, state)).listParts!()).toEqual([receiptOf(0), receiptOf(1)])
  })
})

describe('a session that another process takes up', () => {
  it('can no longer be written, committed or aborted by the first', async () => {
    const { root, store } = realStore()
    const { session, state } = await begun(store)
    await send(session, 0)
    const resumed = await resume(root, state)
    expect(await errorOf(send(session, 1))).toMatchObject({ code: 'SESSION_LOST', retry: 'permanent' })
    const whole = await resumed.listParts!()
    expect(await errorOf(session.commit([]))).toMatchObject({ code: 'INTEGRITY' })
    await session.abort()
    expect(await resumed.listParts!()).toEqual(whole)
    expect(treeOf(root)).toHaveLength(2)
    await send(resumed, 1, 2, 3)
    await resumed.commit(all)
    expect(readFileSync(join(root, 'a')).equals(content)).toBe(true)
  })

  it('is not committed by the first, even if that one has written everything', async () => {
    const { root, store } = realStore()
    const { session, state } = await begun(store)
    await send(session, 0, 1, 2, 3)
    const resumed = await resume(root, state)
    expect(await errorOf(session.commit(all))).toMatchObject({ code: 'SESSION_LOST' })
    expect(treeOf(root)).not.toContain('a')
    await resumed.commit(all)
    expect(readFileSync(join(root, 'a')).equals(content)).toBe(true)
  })

  it('ends a part that the first is in the middle of, and nothing of it is written any more', async () => {
    const { root, store } = realStore()
    const { session, state } = await begun(store)
    let next = () => {}
    const waiting = new Promise<void>((resolve) => {
      next = resolve
    })
    const { part, bytes } = parts[0]!
    async function* chunks() {
      yield bytes.subarray(0, 100)
      await waiting
      yield Buffer.alloc(bytes.length - 100, 0xee)
    }
    const writing = errorOf(session.writePart(part, { size: bytes.length, open: async () => chunks() }))
    const resumed = await resume(root, state)
    await send(resumed, 0, 1, 2, 3)
    next()
    expect(await writing).toMatchObject({ code: 'SESSION_LOST' })
    expect(await resumed.listParts!()).toEqual(all)
    await resumed.commit(all)
    expect(readFileSync(join(root, 'a')).equals(content)).toBe(true)
  })

  it('goes to one holder where two take it up at once', async () => {
    const { root, store } = realStore()
    const { session, state } = await begun(store)
    await send(session, 0, 1, 2, 3)
    await store.close()
    const sessions = await Promise.all([1, 2, 3].map(() => resume(root, state).catch(() => undefined)))
    const outcomes = await Promise.allSettled(sessions.map(async (each) => each?.commit(all)))
    const committed = outcomes.filter((outcome) => outcome.status === 'fulfilled' && outcome.value)
    expect(committed.length).toBeGreaterThanOrEqual(1)
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'SESSION_LOST' })
    expect(readFileSync(join(root, 'a')).equals(content)).toBe(true)
  })
})

describe('a session whose commit was not heard of', () => {
  it.each([false, true])(
    'is found under its final name and committed again (createOnly %s)',
    async (createOnly) => {
      const root = temporaryFolder()
      // The process ends as soon as the file has its name.
      const killed = () => Promise.reject(Object.assign(new Error('killed'), { code: 'EIO' }))
      let named = false
      const calls = withCalls({
        async rename(from, to) {
          renameSync(from, to)
          named = true
        },
        async link(from, to) {
          linkSync(from, to)
          named = !to.includes('.sluiceway-')
        },
        unlink: (path) => (named ? killed() : Promise.resolve(unlinkSync(path))),
        open: async (path, flags, mode) => (named ? killed() : open(path, flags, mode)),
      })
      const first = reopened(root, { fs: calls })
      const session = await first.sink('a').begin({ ...object, createOnly })
      await send(session, 0, 1, 2, 3)
      await session.commit(all).catch(() => {})
      const { ino } = statSync(join(root, 'a'))

      const resumed = await resume(root, session.state, 'a', { createOnly })
      expect(treeOf(root).filter((name) => name.endsWith('.part'))).toEqual([])
      expect(await errorOf(send(resumed, 0))).toMatchObject({ code: 'SESSION_LOST' })
      expect(await resumed.listParts!()).toEqual(all)
      expect(await resumed.commit(all)).toMatchObject({ size: content.length, verified: ['fsync'] })
      await resumed.abort()
      expect(statSync(join(root, 'a')).ino).toBe(ino)
      expect(treeOf(root)).toEqual(['a'])
      expect(readFileSync(join(root, 'a')).equals(content)).toBe(true)
    },
  )

  it('is lost where nothing tells of it any more', async () => {
    const { root, store } = realStore()
    const { session, state } = await begun(store)
    await send(session, 0, 1, 2, 3)
    await session.commit(all)
    expect(await errorOf(resume(root, state))).toMatchObject({ code: 'SESSION_LOST' })
    expect(readFileSync(join(root, 'a')).equals(content)).toBe(true)
    expect(openFilesIn(root)).toEqual([])
  })
})

describe('resuming', () => {
  it('refuses what is not the staged file of the session, as lost', async () => {
    const tricks: Record<string, (path: string, root: string) => void> = {
      gone: (path) => unlinkSync(path),
      'another file': (path) => {
        renameSync(path, `${path}.away`)
        writeFileSync(path, content)
      },
      'a symlink to the same file': (path, root) => {
        renameSync(path, join(root, 'away'))
        symlinkSync(join(root, 'away'), path)
      },
      'a folder': (path) => {
        renameSync(path, `${path}.away`)
        mkdirSync(path)
      },
    }
    for (const [name, play] of Object.entries(tricks)) {
      const { root, store } = realStore()
      const { session, state } = await begun(store)
      await write(session, 'x')
      await store.close()
      play(stagedIn(root), root)
      expect(await errorOf(resume(root, state)), name).toMatchObject({ code: 'SESSION_LOST' })
      expect(openFilesIn(root)).toEqual([])
    }
  })

  it('is not led out of the root by a folder that became a symlink', async () => {
    const outside = temporaryFolder()
    const { root, store } = realStore()
    const session = await store.sink('folder/a').begin(object)
    await send(session, 0)
    await store.close()
    renameSync(join(root, 'folder'), join(outside, 'folder'))
    symlinkSync(join(outside, 'folder'), join(root, 'folder'))
    const before = treeOf(outside)
    expect(await errorOf(resume(root, session.state, 'folder/a'))).toMatchObject({ code: 'SESSION_LOST' })
    expect(treeOf(outside)).toEqual(before)
  })

  it('refuses states of other keys, and any that were tampered with', async () => {
    const { root, store } = realStore({}, { victim: 'precious', 'folder/x': '' })
    const { session, state } = await begun(store)
    await send(session, 0)
    const fields = state as { staged: string; inode: string }
    expect(await errorOf(resume(root, state, 'b'))).toMatchObject({ code: 'SESSION_LOST' })
    for (const change of [
      { staged: 'victim' },
      { staged: `../${fields.staged}` },
      { staged: `folder/${fields.staged}` },
      { staged: fields.staged.replace(/part$/, 'journal') },
      { inode: '1' },
      { inode: 7 },
      { madeFolders: 'all' },
    ]) {
      const tampered = { ...fields, ...change } as Json
      expect(await errorOf(resume(root, tampered)), JSON.stringify(change)).toMatchObject({
        code: 'SESSION_LOST',
      })
    }
    expect(readFileSync(join(root, 'victim'), 'utf8')).toBe('precious')
    await session.writePart(parts[1]!.part, bodyOf(parts[1]!.bytes))
  })

  it('removes no folder at or above the root, whatever the state says', async () => {
    const root = join(temporaryFolder(), 'root')
    const first = reopened(root)
    const session = await first.sink('a').begin(object)
    await first.close()
    const resumed = await resume(root, { ...(session.state as object), madeFolders: 9 } as Json)
    await resumed.abort()
    expect(treeOf(root)).toEqual([])
  })

  it('notices before anything is sent that the rest does not fit', async () => {
    const { root, store } = realStore()
    const { session, state } = await begun(store)
    await send(session, 0)
    await store.close()
    const sink = (bavail: number) =>
      reopened(root, { fs: withCalls({ statfs: async () => ({ bsize: 1, blocks: 1, bavail }) }) }).sink('a')
    expect(await errorOf(sink(700 * KiB - 1).resume!(state, object))).toMatchObject({ code: 'NO_SPACE' })
    expect(openFilesIn(root)).toEqual([])
    expect(await (await sink(700 * KiB).resume!(state, object)).listParts!()).toEqual([receiptOf(0)])
  })

  it('ends when the signal fires, and the session can be resumed afterwards', async () => {
    const { root, store } = realStore()
    const { session, state } = await begun(store)
    await send(session, 0)
    const stop = new AbortController()
    const resuming = errorOf(reopened(root).sink('a').resume!(state, object, { signal: stop.signal }))
    stop.abort(new Error('enough'))
    expect(await resuming).toMatchObject({ code: 'ABORTED' })
    const resumed = await resume(root, state)
    expect(await errorOf(resumed.listParts!({ signal: stop.signal }))).toMatchObject({ code: 'ABORTED' })
    expect(await resumed.listParts!()).toEqual([receiptOf(0)])
  })
})

describe('what a killed process may leave', () => {
  it('is neither listed nor a key', async () => {
    const { root, store } = realStore()
    const { session, state } = await begun(store)
    await send(session, 0)
    await store.close()
    await resume(root, state)
    const other = reopened(root)
    for await (const { key } of other.list()) throw new Error(`listed: ${key}`)
    const left = readdirSync(root)
    expect(left).toHaveLength(2)
    for (const name of left)
      expect(await errorOf(() => other.source(name))).toMatchObject({ code: 'INVALID_KEY' })
    rmSync(root, { recursive: true })
  })
})

async function begun(store: Store) {
  const session = await store.sink('a').begin(object)
  return { session, state: session.state }
}

describe('listing parts that are read back', () => {
  it('ends when its signal fires, though a read hangs, and can be asked for again', async () => {
    let hangs = true
    let release = () => {}
    const fs = withHandles((handle) => ({
      async read(...args) {
        if (hangs) await new Promise<void>((resolve) => (release = resolve))
        return handle.read(...args)
      },
    }))
    const { store } = realStore({ fs })
    const session = await store.sink('a').begin(object)
    await send(session, 0, 1)
    const controller = new AbortController()
    const listing = session.listParts!({ signal: controller.signal })
    await new Promise(setImmediate)
    controller.abort()
    expect(await errorOf(listing)).toMatchObject({ code: 'ABORTED' })
    hangs = false
    release()
    expect(await session.listParts!()).toEqual([receiptOf(0), receiptOf(1)])
    await session.abort()
  })
})
