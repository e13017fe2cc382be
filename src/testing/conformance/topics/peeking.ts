import assert from 'node:assert/strict'
import type { Context, Peek } from '../../../contract/source'
import type { Bench } from '../bench'
import { type ConformanceTest, type Topic, test } from '../test'
import { sameBytes } from '../tools/assertions'
import { collect } from '../tools/objects'
import { pattern } from '../tools/pattern'

const needs: ConformanceTest['needs'] = ['peek']

/** More than any pool of sockets or handles that an adapter keeps by default. */
const manyTimes = 60

export const peeking: Topic = {
  name: 'peek',
  tests: [
    test(
      'a peek tells what a stat tells, and gives all bytes of an object up to the limit',
      async (bench) => {
        for (const [size, limit] of [
          [0, 1],
          [0, 1000],
          [1, 1],
          [1000, 1000],
          [1000, 5000],
        ] as const) {
          const key = `peeked/${size}`
          const bytes = pattern(size)
          await bench.write(key, bytes)
          const { info, bytes: given } = await peek(bench, key, limit)
          assert.ok(given, `no bytes of ${size}, though ${limit} were asked for`)
          sameBytes(key, await collect(given), bytes)
          assert.deepEqual(info, await bench.store.source(key).stat())
        }
      },
      needs,
    ),

    test(
      'a peek gives no bytes of an object above the limit',
      async (bench) => {
        const bytes = pattern(1001)
        await bench.write('larger', bytes)
        for (const limit of [1, 1000]) {
          const { info, bytes: given } = await peek(bench, 'larger', limit)
          assert.equal(given, undefined, `bytes of an object of 1001, with a limit of ${limit}`)
          assert.deepEqual(info, await bench.store.source('larger').stat())
        }
        await bench.holds('larger', bytes)
      },
      needs,
    ),

    test(
      'a peek at a missing object is NOT_FOUND',
      async (bench) => {
        await bench.rejects('the peek', peek(bench, 'missing', 1000), 'NOT_FOUND')
      },
      needs,
    ),

    test(
      'a peek is of the version it is pinned to, or SOURCE_CHANGED',
      async (bench) => {
        await bench.write('pinned', pattern(1000, 1))
        const { version } = await bench.store.source('pinned').stat()
        const { info, bytes } = await peek(bench, 'pinned', 1000, { version })
        assert.equal(info.version, version)
        sameBytes('pinned', await collect(bytes!), pattern(1000, 1))
        await bench.replace('pinned', pattern(1000, 2))
        await bench.rejects('the peek', peek(bench, 'pinned', 1000, { version }), 'SOURCE_CHANGED')
      },
      needs,
    ),

    test(
      'a peek with a fired signal rejects',
      async (bench) => {
        await bench.write('stopped', pattern(1000))
        await bench.rejects('the peek', peek(bench, 'stopped', 1000, { signal: AbortSignal.abort() }))
      },
      needs,
    ),

    test(
      'bytes of peeks that nobody reads, once left, hold nothing up',
      async (bench) => {
        const bytes = pattern(1000)
        await bench.write('left', bytes)
        for (let nth = 0; nth < manyTimes; nth++) {
          const given = await bench.settles('the peek', peek(bench, 'left', 1000))
          await given.bytes?.[Symbol.asyncIterator]().return?.()
        }
        await bench.holds('left', bytes)
      },
      needs,
    ),
  ],
}

const peek = (bench: Bench, key: string, limit: number, context?: Context): Promise<Peek> =>
  bench.store.source(key).peek!(limit, context)
