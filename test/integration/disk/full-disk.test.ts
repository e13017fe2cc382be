import { closeSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { memoryCheckpoints, type TransferEvent, transfer } from 'sluiceway'
import { disk } from 'sluiceway/disk'
import { expect, it } from 'vitest'
import { errorOf, openFilesIn, pattern, treeOf } from '../../adapters/disk/helpers'
import { describeWithMounts, mountTmpfs, withLimit } from '../real-mounts'
import { MiB } from '../stores'
import { mountedDisk } from './mounted-disk'

const bytes = pattern(6 * MiB)
const retry = { retries: 1, minDelay: 1, maxDelay: 2 }
const partSize = MiB

describeWithMounts('a real file system without room', () => {
  const at = mountedDisk('8m', bytes)
  const { from, path } = at
  const send = (options = {}) =>
    transfer(from.source('a'), at.store.sink('new/a'), { retry, partSize, ...options })

  it('is NO_SPACE before a byte is read, where the size is known', async () => {
    writeFileSync(path('filler'), Buffer.alloc(3 * MiB))
    const source = from.source('a')
    let opened = 0
    const watched = {
      ...source,
      location: source.location,
      stat: source.stat.bind(source),
      open: (...args: Parameters<typeof source.open>) => {
        opened += 1
        return source.open(...args)
      },
    }
    const error = await errorOf(transfer(watched, at.store.sink('new/a'), { retry }))
    expect(error).toMatchObject({ code: 'NO_SPACE', retry: 'permanent', context: { needed: bytes.length } })
    expect(error.context.available).toBeLessThan(bytes.length)
    expect(error.message).toMatch(/ needs \d+ bytes .* has \d+ left\. Free some space/)
    expect(opened).toBe(0)
    expect(treeOf(at.mount.root)).toEqual(['filler'])
  })

  it('counts an object that is to be replaced as used: it stays until the new one stands', async () => {
    writeFileSync(path('a'), pattern(5 * MiB))
    const error = await errorOf(transfer(from.source('a'), at.store.sink('a'), { retry }))
    expect(error).toMatchObject({ code: 'NO_SPACE' })
    expect(readFileSync(path('a')).equals(pattern(5 * MiB))).toBe(true)
    expect(treeOf(at.mount.root)).toEqual(['a'])
  })

  it('is NO_SPACE when it fills up in the middle, gives all of it back, and keeps what stood there', async () => {
    writeFileSync(path('a'), 'old')
    const onEvent = ({ type }: TransferEvent) => {
      if (type === 'part') writeFileSync(path('filler'), Buffer.alloc(4 * MiB))
    }
    const error = await errorOf(
      transfer(from.source('a'), at.store.sink('a'), { retry, partSize, onEvent, concurrency: 1 }),
    )
    expect(error).toMatchObject({ code: 'NO_SPACE', retry: 'permanent', context: { errno: 'ENOSPC' } })
    expect(error.message).toMatch(/^Cannot write part \d of disk:.* \(ENOSPC\)\. Free some space/)
    expect(treeOf(at.mount.root)).toEqual(['a', 'filler'])
    expect(readFileSync(path('a'), 'utf8')).toBe('old')
    expect(openFilesIn(at.mount.root)).toEqual([])
  })

  it('keeps what was written for a checkpoint, and goes on once there is room', async () => {
    const checkpoint = { store: memoryCheckpoints(), id: 'a' }
    let parts = 0
    const onEvent = ({ type }: TransferEvent) => {
      parts += Number(type === 'part')
      if (parts === 3) writeFileSync(path('filler'), Buffer.alloc(5 * MiB - 64 * 1024))
    }
    const error = await errorOf(send({ checkpoint, onEvent, concurrency: 1 }))
    expect(error).toMatchObject({ code: 'NO_SPACE' })
    expect(openFilesIn(at.mount.root)).toEqual([])
    rmSync(path('filler'))
    const result = await send({ checkpoint })
    expect(result.resumedBytes).toBeGreaterThanOrEqual(2 * MiB)
    expect(readFileSync(path('new/a')).equals(bytes)).toBe(true)
    expect(treeOf(at.mount.root)).toEqual(['new', 'new/a'])
  })

  it('is NO_SPACE where there is room for bytes and none for another file', async () => {
    using small = mountTmpfs('size=8m', 'nr_inodes=3')
    writeFileSync(join(small.root, 'one'), '')
    writeFileSync(join(small.root, 'two'), '')
    const full = disk({ root: small.root })
    const error = await errorOf(transfer(from.source('a'), full.sink('a'), { retry }))
    expect(error).toMatchObject({ code: 'NO_SPACE', context: { errno: 'ENOSPC' } })
    expect(treeOf(small.root)).toEqual(['one', 'two'])
    await full.close()
  })

  it('is TOO_LARGE where the process may write no such file', async () => {
    const error = await withLimit('fsize', 2 * MiB, () => errorOf(send()))
    expect(error).toMatchObject({ code: 'TOO_LARGE', retry: 'permanent', context: { errno: 'EFBIG' } })
    expect(error.message).toContain('ulimit -f')
    expect(treeOf(at.mount.root)).toEqual([])
  })

  it('is a failure that may pass where the process has too many files open', async () => {
    // Some are left for those who put the limit back.
    const error = await withLimit('nofile', readdirSync('/proc/self/fd').length + 50, async () => {
      const open = allHandles()
      try {
        return await errorOf(send())
      } finally {
        for (const fd of open) closeSync(fd)
      }
    })
    expect(error).toMatchObject({ code: 'SINK_FAILED', retry: 'exhausted', context: { errno: 'EMFILE' } })
    expect(error.message).toContain('ulimit -n')
    expect(treeOf(at.mount.root)).toEqual([])
  })
})

/** Opens files until no more can be opened. */
function allHandles(): number[] {
  const open: number[] = []
  for (;;) {
    try {
      open.push(openSync('/dev/null', 'r'))
    } catch {
      return open
    }
  }
}
