import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Md5Thread } from '../../../src/integrity/md5-threads/md5-thread'
import { Md5Threads } from '../../../src/integrity/md5-threads/md5-threads'
import { threadCode } from '../../../src/integrity/md5-threads/thread-code'
import type { ThreadedMd5 } from '../../../src/integrity/md5-threads/threaded-md5'

const KiB = 1024
const MiB = 1024 * KiB
const enough = 64 * MiB

const md5Of = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex')

const made: Md5Threads[] = []
afterEach(() => {
  for (const threads of made.splice(0)) threads.end()
})

/** Threads of which one at least has started. */
async function started(most = 1): Promise<() => ThreadedMd5> {
  const threads = new Md5Threads()
  made.push(threads)
  const begin = () => threads.begin(enough, most)
  await expect
    .poll(() => {
      const digest = begin()
      digest?.drop()
      return digest !== undefined
    })
    .toBe(true)
  return () => begin() as ThreadedMd5
}

/** One MiB and a bit that does not repeat. */
const content = Buffer.alloc(MiB + 12_345)
for (let at = 0; at < content.length; at += 1) content[at] = (at * 31 + (at >> 8) * 17) & 0xff

describe('an MD5 computed on a thread', () => {
  it('is that of all the bytes, however they are split, from a buffer that is used again', async () => {
    const begin = await started()
    const cut = fc.integer({ min: 0, max: content.length })
    await fc.assert(
      fc.asyncProperty(fc.array(cut, { maxLength: 8 }), cut, async (cuts, end) => {
        const digest = begin()
        const buffer = Buffer.alloc(content.length)
        const bounds = [0, ...cuts.map((at) => Math.min(at, end)).sort((a, b) => a - b), end]
        for (const [index, start] of bounds.slice(0, -1).entries()) {
          const length = content.copy(buffer, 0, start, bounds[index + 1])
          await digest.update(buffer.subarray(0, length))
          buffer.fill(0xee)
        }
        expect(await digest.digest()).toBe(md5Of(content.subarray(0, end)))
      }),
      { numRuns: 60 },
    )
  })

  it('keeps several apart, and makes a faster source wait', async () => {
    const begin = await started(2)
    let waits = 0
    const digests = await Promise.all(
      Array.from({ length: 6 }, async (_, index) => {
        const digest = begin()
        const own = content.subarray(index)
        for (let round = 0; round < 4; round += 1) {
          const taken = digest.update(own)
          if (taken) waits += 1
          await taken
        }
        return digest.digest()
      }),
    )
    expect(digests).toEqual(
      digests.map((_, index) => md5Of(Buffer.concat(Array(4).fill(content.subarray(index))))),
    )
    expect(waits).toBeGreaterThan(0)
  })

  it('that is dropped lets nobody wait, and its late use is an error that harms no other', async () => {
    const begin = await started()
    const digest = begin()
    const taken = digest.update(Buffer.alloc(16 * MiB))
    digest.drop()
    digest.drop()
    await expect(taken).rejects.toThrow('not wanted')
    await expect(digest.digest()).rejects.toThrow('not wanted')
    const other = begin()
    await other.update(content)
    expect(await other.digest()).toBe(md5Of(content))
  })

  it('fails as temporary where its thread dies, and none is begun after that', async () => {
    const { post } = Md5Thread.prototype
    const begin = await started()
    const digest = begin()
    const dying = vi.spyOn(Md5Thread.prototype, 'post').mockImplementation(function (this: Md5Thread) {
      // Of a digest it does not know.
      post.call(this, { id: 0, block: 0, length: 1 })
    })
    const taken = digest.update(Buffer.alloc(MiB))
    dying.mockRestore()
    await expect(taken).rejects.toMatchObject({ code: 'INTEGRITY', retry: 'temporary' })
    await expect(digest.digest()).rejects.toMatchObject({ code: 'INTEGRITY', retry: 'temporary' })
    expect(begin()).toBeUndefined()
  })
})

describe('threads for MD5s', () => {
  it('do not start for small bodies, before there is enough to do, nor where none are wanted', async () => {
    const threads = new Md5Threads()
    made.push(threads)
    for (let body = 0; body < 1000; body += 1) threads.begin(MiB - 1, 2)
    expect(threads.size).toBe(0)
    threads.begin(enough - 1, 2)
    expect(threads.size).toBe(0)
    threads.begin(enough, 0)
    expect(threads.size).toBe(0)
    threads.begin(MiB, 2)
    expect(threads.size).toBe(1)
  })

  it('keep no process alive, and end one that only waits for them no sooner than they have answered', () => {
    const script = `
      import { Md5Threads } from '${import.meta.dirname}/../../../src/integrity/md5-threads/md5-threads.ts'
      const threads = new Md5Threads()
      threads.begin(${enough}, 1)
      const timer = setInterval(() => {
        const digest = threads.begin(${enough}, 1)
        if (!digest) return
        clearInterval(timer)
        digest.update(Buffer.alloc(${MiB}))?.then(() => digest.digest()).then((md5) => console.log(md5))
      }, 5)
    `
    const { stdout, status } = run(['--import', 'tsx', '--input-type=module', '--eval', script])
    expect(stdout).toBe(`${md5Of(Buffer.alloc(MiB))}\n`)
    expect(status).toBe(0)
  })

  it('are done without where the process may start none', () => {
    const script = `
      import { Md5Threads } from '${import.meta.dirname}/../../../src/integrity/md5-threads/md5-threads.ts'
      const threads = new Md5Threads()
      for (let part = 0; part < 3; part += 1) console.log(threads.begin(${enough}, 1))
    `
    const refusing = `
      const threads = require('node:worker_threads')
      threads.Worker = class { constructor() { throw new Error('not allowed') } }
      require('node:module').syncBuiltinESMExports()
    `
    const preload = `data:text/javascript,import{createRequire}from'node:module';const require=createRequire('/');${encodeURIComponent(refusing)}`
    const { stdout, stderr } = run([
      '--import',
      'tsx',
      '--import',
      preload,
      '--input-type=module',
      '--eval',
      script,
    ])
    expect(stderr).toBe('')
    expect(stdout).toBe('undefined\nundefined\nundefined\n')
  })

  it('run code that parses by itself, with what Node has', () => {
    expect(() => new Function('require', threadCode)).not.toThrow()
  })
})

const run = (args: string[]) =>
  spawnSync(process.execPath, args, { encoding: 'utf8', env: { ...process.env, NODE_NO_WARNINGS: '1' } })
