import { createHash } from 'node:crypto'
import { configure, transfer } from 'sluiceway'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { md5Threads } from '../../../src/integrity/md5-threads/md5-threads'
import { processDigestThreads } from '../../../src/transfer/configure'
import { fakeSink, fakeSource } from '../fakes'

const MiB = 1024 ** 2
const bytes = Buffer.alloc(80 * MiB, 'not all alike')

/** Large chunks, so that the test does not take long. */
const source = () =>
  fakeSource(bytes, {
    open: async (range) =>
      (async function* () {
        const { start, end } = range ?? { start: 0, end: bytes.length }
        for (let at = start; at < end; at += 200_000) yield bytes.subarray(at, Math.min(end, at + 200_000))
      })(),
  })

/** Keeps no bytes, and states the MD5 of each part. */
const hashing = () =>
  fakeSink({
    sink: { capabilities: { attests: ['md5'] } },
    session: {
      async writePart({ index, size }, body) {
        const hash = createHash('md5')
        for await (const chunk of await body.open()) hash.update(chunk)
        return { index, size, md5: hash.digest('hex') }
      },
      commit: async () => ({ size: bytes.length }),
    },
  })

const usual = processDigestThreads()
afterEach(() => md5Threads().end())
afterAll(() => configure({ digestThreads: usual }))

describe('MD5s of parts', () => {
  it.each([0, 1, 2])('are the same with up to %i threads', async (digestThreads) => {
    configure({ digestThreads })
    for (const how of ['starting them', 'with all started']) {
      const { verified } = await transfer(source(), hashing(), { partSize: 8 * MiB })
      expect(verified, how).toContain('part-etag')
      expect(md5Threads().size).toBeGreaterThanOrEqual(Math.min(1, digestThreads))
      expect(md5Threads().size).toBeLessThanOrEqual(digestThreads)
    }
  })

  it('need no thread where the sink attests something else', async () => {
    configure({ digestThreads: 2 })
    const sink = fakeSink({ sink: { capabilities: { attests: ['crc64'] } } })
    await transfer(source(), sink, { partSize: 8 * MiB })
    expect(md5Threads().size).toBe(0)
  })
})
