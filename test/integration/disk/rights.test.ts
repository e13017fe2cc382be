import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type TransferEvent, transfer } from 'sluiceway'
import { memory } from 'sluiceway/memory'
import { expect, it } from 'vitest'
import { errorOf, openFilesIn, pattern, treeOf } from '../../adapters/disk/helpers'
import { asNobody, describeWithMounts } from '../real-mounts'
import { MiB } from '../stores'
import { mountedDisk } from './mounted-disk'

const bytes = pattern(2 * MiB)
const retry = { retries: 1, minDelay: 1, maxDelay: 2 }

describeWithMounts('a real file system that may not be written or read', () => {
  const at = mountedDisk('16m', bytes)
  const { from, path } = at
  const send = (key: string, options = {}) =>
    transfer(from.source('a'), at.store.sink(key), { retry, partSize: MiB, ...options })
  const fetch = (key: string) => transfer(at.store.source(key), memory().sink('a'), { retry })

  it('is ACCESS_DENIED where the folder is closed to the user, who is told', async () => {
    mkdirSync(path('closed'), { mode: 0o755 })
    writeFileSync(path('closed/a'), 'old')
    for (const key of ['closed/a', 'closed/new/b']) {
      const error = await asNobody(() => errorOf(send(key)))
      expect(error).toMatchObject({ code: 'ACCESS_DENIED', retry: 'permanent', context: { errno: 'EACCES' } })
      expect(error.message).toContain('Give the user of this process the right')
    }
    expect(treeOf(at.mount.root)).toEqual(['closed', 'closed/a'])
    expect(readFileSync(path('closed/a'), 'utf8')).toBe('old')
  })

  it('is ACCESS_DENIED, and no missing object, where a file or its folder is closed to the reader', async () => {
    mkdirSync(path('closed'), { mode: 0o700 })
    for (const key of ['a', 'closed/a']) writeFileSync(path(key), bytes, { mode: 0o600 })
    for (const key of ['a', 'closed/a']) {
      const error = await asNobody(() => errorOf(fetch(key)))
      expect(error).toMatchObject({ code: 'ACCESS_DENIED', retry: 'permanent', context: { errno: 'EACCES' } })
    }
  })

  it('is ACCESS_DENIED where the folder is closed before the commit, and an old object stays', async () => {
    mkdirSync(path('folder'))
    chmodSync(path('folder'), 0o777)
    writeFileSync(path('folder/a'), 'old')
    const onEvent = ({ type }: TransferEvent) => {
      if (type === 'part') chmodSync(path('folder'), 0o555)
    }
    const error = await asNobody(() => errorOf(send('folder/a', { onEvent: asRoot(onEvent) })))
    expect(error).toMatchObject({ code: 'ACCESS_DENIED' })
    expect(readFileSync(path('folder/a'), 'utf8')).toBe('old')
    expect(openFilesIn(at.mount.root)).toEqual([])
  })

  it('is ACCESS_DENIED on a file system mounted read-only, which is what it says', async () => {
    writeFileSync(path('a'), 'old')
    at.mount.remount('ro')
    for (const key of ['a', 'new/b']) {
      const error = await errorOf(send(key))
      expect(error).toMatchObject({ code: 'ACCESS_DENIED', retry: 'permanent', context: { errno: 'EROFS' } })
      expect(error.message).toContain('read-only')
    }
    expect(treeOf(at.mount.root)).toEqual(['a'])
    expect((await fetch('a')).bytes).toBe(3)
  })

  it('is UNSUPPORTED where a folder stands at the key, or a file where a folder must', async () => {
    mkdirSync(path('folder/below'), { recursive: true })
    writeFileSync(path('file'), 'old')
    const folder = await errorOf(send('folder'))
    expect(folder).toMatchObject({ code: 'UNSUPPORTED', retry: 'permanent' })
    expect(folder.message).toContain('is a folder')
    const below = await errorOf(send('file/a'))
    expect(below).toMatchObject({ code: 'UNSUPPORTED', context: { errno: 'ENOTDIR' } })
    expect(below.message).toContain('choose another key')
    await expect(fetch('folder')).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    await expect(fetch('file/a')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(treeOf(at.mount.root)).toEqual(['file', 'folder', 'folder/below'])
    expect(readFileSync(path('file'), 'utf8')).toBe('old')
  })

  it('is UNSUPPORTED where a folder takes the key while the object is written', async () => {
    const onEvent = ({ type }: TransferEvent) => {
      if (type === 'part') mkdirSync(path('a'), { recursive: true })
    }
    await expect(send('a', { onEvent })).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    expect(treeOf(at.mount.root)).toEqual(['a'])
  })
})

/** The owner of the folder does it, beside the user who transfers. */
const asRoot =
  <T>(work: (value: T) => void) =>
  (value: T) => {
    const user = process.geteuid?.() ?? 0
    process.seteuid?.(0)
    try {
      work(value)
    } finally {
      process.seteuid?.(user)
    }
  }
