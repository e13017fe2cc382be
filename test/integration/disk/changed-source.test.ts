import { appendFileSync, renameSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TransferEvent, transfer } from 'sluiceway'
import { disk } from 'sluiceway/disk'
import { afterEach, describe, expect, it } from 'vitest'
import {
  errorOf,
  openFilesIn,
  pattern,
  realStore,
  temporaryFolder,
  treeOf,
} from '../../adapters/disk/helpers'
import { MiB } from '../stores'

const bytes = pattern(8 * MiB)
const other = Buffer.from(bytes.map((byte) => byte ^ 0xff))
const retry = { retries: 1, minDelay: 1, maxDelay: 2 }

/** In whole seconds: what node:fs cannot set to the nanosecond could not be put back. */
const time = 1_700_000_000

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** Moves `a` to another folder and changes it when the first bytes have passed. */
async function changedBy(change: (path: string) => void, partSize: number) {
  const from = realStore({}, { a: bytes })
  utimesSync(from.path('a'), time, time)
  const to = temporaryFolder()
  writeFileSync(join(to, 'a'), 'old')
  const sink = disk({ root: to })
  closing.push(() => sink.close())
  const once = () => {
    change(from.path('a'))
    changed = true
  }
  let changed = false
  const source = from.store.source('a')
  const watched = {
    location: source.location,
    stat: source.stat.bind(source),
    async open(...args: Parameters<typeof source.open>) {
      const opened = await source.open(...args)
      return (async function* () {
        for await (const chunk of opened) {
          yield chunk
          if (!changed) once()
        }
      })()
    },
  }
  const events: TransferEvent[] = []
  const work = transfer(watched, sink.sink('a'), {
    retry,
    partSize,
    concurrency: 1,
    onEvent: (event) => void events.push(event),
  })
  return { work, to, left: () => [treeOf(to), openFilesIn(to), openFilesIn(from.root)] }
}

const untouched = [['a'], [], []]

describe.each([
  ['in parts', 2 * MiB],
  ['in one piece', 16 * MiB],
])('a real file that changes while it is read %s', (_, partSize) => {
  it.each<[string, (path: string) => void]>([
    ['cut short', (path) => truncateSync(path, MiB)],
    ['emptied', (path) => truncateSync(path, 0)],
    ['added to', (path) => appendFileSync(path, 'more')],
    ['written over', (path) => writeFileSync(path, other)],
    [
      'replaced by another of the same size',
      (path) => {
        writeFileSync(`${path}.new`, other)
        renameSync(`${path}.new`, path)
      },
    ],
    [
      'replaced by another of the same size and times',
      (path) => {
        writeFileSync(`${path}.new`, other)
        utimesSync(`${path}.new`, time, time)
        renameSync(`${path}.new`, path)
      },
    ],
    ['removed', (path) => rmSync(path)],
  ])('is SOURCE_CHANGED when it is %s, and the old object stays', async (_how, change) => {
    const { work, left } = await changedBy(change, partSize)
    const error = await errorOf(work)
    expect(error).toMatchObject({ code: 'SOURCE_CHANGED', retry: 'permanent' })
    expect(error.message).toMatch(/transfer it again/i)
    expect(left()).toEqual(untouched)
  })

  it('is not noticed when it is written over and its time put back, as the store says', async () => {
    const { work } = await changedBy((path) => {
      writeFileSync(path, other)
      utimesSync(path, time, time)
    }, partSize)
    expect((await work).bytes).toBe(bytes.length)
  })
})
