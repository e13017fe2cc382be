import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { decodeCheckpoint, encodeCheckpoint } from '../../src/resume/checkpoint'
import { fileCheckpoints } from '../../src/resume/index'
import { checkpoint, receipts } from './checkpoints'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'checkpoints-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

const staged = (name: string) => `.sluiceway-${name}.0123456789abcdef.tmp`

describe('a folder of checkpoints', () => {
  it('is touched by nothing but a save', async () => {
    const store = fileCheckpoints(join(folder, 'a/b'))
    await store.load('id')
    await store.delete('id')
    expect(readdirSync(folder)).toEqual([])
    await store.save('id', 1)
    expect(readdirSync(join(folder, 'a/b'))).toEqual(['sluiceway-id.json'])
  })

  it('is made again when it was removed meanwhile', async () => {
    const store = fileCheckpoints(join(folder, 'a'))
    await store.save('id', 1)
    rmSync(join(folder, 'a'), { recursive: true })
    expect(await store.load('id')).toBeUndefined()
    await store.save('id', 2)
    expect(await store.load('id')).toBe(2)
  })

  it('stays the same one when the process changes its working directory', async () => {
    const before = process.cwd
    const store = fileCheckpoints(relative(process.cwd(), folder))
    process.cwd = () => '/nowhere'
    try {
      await store.save('id', 1)
    } finally {
      process.cwd = before
    }
    expect(readdirSync(folder)).toEqual(['sluiceway-id.json'])
  })

  it('holds the checkpoints of several stores', async () => {
    await fileCheckpoints(folder).save('id', 1)
    expect(await fileCheckpoints(folder).load('id')).toBe(1)
  })

  it('never gets a file beside itself, whatever the id', async () => {
    const inner = join(folder, 'inner')
    const store = fileCheckpoints(inner)
    for (const id of ['../out', '/tmp/out', '..', 'a/../../out', '.', '']) await store.save(id, 1)
    expect(readdirSync(folder)).toEqual(['inner'])
    const files = readdirSync(inner)
    expect(files).toHaveLength(6)
    expect(files.every((file) => statSync(join(inner, file)).isFile())).toBe(true)
  })

  it('gets names that are different also where case and Unicode forms are not told apart', async () => {
    const store = fileCheckpoints(folder)
    const ids = ['job', 'Job', 'JOB', 'caf\u00e9', 'cafe\u0301', 'CAFE\u0301', 'k', '\u212a', 'job.', 'job ']
    for (const id of ids) await store.save(id, 1)
    const names = readdirSync(folder).map((file) => file.normalize('NFKC').toLowerCase())
    expect(new Set(names).size).toBe(ids.length)
    expect(names.every((name) => /^[\w~-]{1,100}\.json$/.test(name))).toBe(true)
  })

  it.each([[undefined], [''], [42], ['a\0b'], [new URL('file:///tmp')]])('cannot be %s', (dir) => {
    expect(() => fileCheckpoints(dir as never)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
  })
})

describe('a file of a checkpoint', () => {
  it('counts as none when it is damaged, and is replaced by the next save', async () => {
    const store = fileCheckpoints(folder)
    const given = checkpoint({ revision: 1, parts: receipts(5) })
    for (const text of ['', '{', '\0'.repeat(4096), 'null', '[]']) {
      writeFileSync(join(folder, 'sluiceway-id.json'), text)
      expect(decodeCheckpoint(await store.load('id'))).toBeUndefined()
      await store.save('id', encodeCheckpoint(given))
      expect(decodeCheckpoint(await store.load('id'))).toEqual(given)
    }
  })

  it('is whole at any moment while several write and others read it', async () => {
    const stores = Array.from({ length: 4 }, () => fileCheckpoints(folder))
    const large = receipts(500)
    let writing = true
    const read = async () => {
      let seen = 0
      while (writing) {
        const found = decodeCheckpoint(await stores[0]!.load('id'))
        if (!found && seen > 0) throw new Error('not whole')
        if (found) {
          expect(found.parts).toHaveLength(found.revision)
          seen++
        }
      }
      return seen
    }
    const reading = Promise.all([read(), read()])
    await Promise.all(
      stores.map(async (store, writer) => {
        for (let nth = 0; nth < 25; nth++) {
          const revision = nth * 20 + writer
          await store.save('id', encodeCheckpoint(checkpoint({ revision, parts: large.slice(0, revision) })))
        }
      }),
    )
    writing = false
    expect(Math.min(...(await reading))).toBeGreaterThan(0)
    expect(readdirSync(folder)).toEqual(['sluiceway-id.json'])
  })

  it('is not written through a symlink that stands in its place', async () => {
    const other = join(folder, 'other')
    writeFileSync(other, 'mine')
    symlinkSync(other, join(folder, 'sluiceway-id.json'))
    const store = fileCheckpoints(folder)
    await store.save('id', 1)
    expect(readFileSync(other, 'utf8')).toBe('mine')
    expect(await store.load('id')).toBe(1)
  })
})

describe('what killed processes left behind', () => {
  it('is removed with the checkpoint it was for, and only that', async () => {
    const store = fileCheckpoints(folder)
    await store.save('id', 1)
    for (const name of ['id', 'id-2']) writeFileSync(join(folder, staged(name)), 'half')
    await store.delete('id')
    expect(readdirSync(folder)).toEqual([staged('id-2')])
  })

  it('is removed by the first save an hour later; what is younger may be somebody still at work', async () => {
    const hour = 3600
    const ages = { old: hour + 60, young: hour - 60 }
    for (const [name, age] of Object.entries(ages)) {
      const path = join(folder, staged(name))
      writeFileSync(path, 'half')
      utimesSync(path, Date.now() / 1000 - age, Date.now() / 1000 - age)
    }
    const foreign = '.sluiceway-0123456789abcdef.movie.mp4.part'
    writeFileSync(join(folder, foreign), 'a part')
    utimesSync(join(folder, foreign), 0, 0)
    await fileCheckpoints(folder).save('id', 1)
    expect(readdirSync(folder).sort()).toEqual([staged('young'), foreign, 'sluiceway-id.json'].sort())
  })

  it('never counts as a checkpoint', async () => {
    writeFileSync(join(folder, staged('id')), JSON.stringify(encodeCheckpoint(checkpoint())))
    expect(await fileCheckpoints(folder).load('id')).toBeUndefined()
  })
})

describe('a place where no checkpoint can be', () => {
  it('is named in the error when a file stands where the folder should be', async () => {
    const path = join(folder, 'file')
    writeFileSync(path, 'mine')
    const store = fileCheckpoints(path)
    await expect(store.save('id', 1)).rejects.toMatchObject({
      code: 'SINK_FAILED',
      retry: 'permanent',
      context: { checkpoint: 'id', operation: 'save' },
    })
    await expect(store.load('id')).rejects.toMatchObject({ code: 'SINK_FAILED', retry: 'permanent' })
  })

  it('is left as it was when a folder stands where the file should be', async () => {
    mkdirSync(join(folder, 'sluiceway-id.json/inner'), { recursive: true })
    const store = fileCheckpoints(folder)
    await expect(store.save('id', 1)).rejects.toMatchObject({ code: 'SINK_FAILED', retry: 'permanent' })
    await expect(store.load('id')).rejects.toMatchObject({ code: 'SINK_FAILED' })
    expect(readdirSync(folder)).toEqual(['sluiceway-id.json'])
    expect(existsSync(join(folder, 'sluiceway-id.json/inner'))).toBe(true)
  })
})
