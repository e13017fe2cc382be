import assert from 'node:assert/strict'
import type { ByteRange } from '../../../contract/source'
import type { Bench } from '../bench'
import { type Topic, test } from '../test'
import { rejects, sameBytes } from '../tools/assertions'
import { pattern } from '../tools/pattern'

export const ranges: Topic = {
  name: 'ranges',
  tests: [
    test('a range gives exactly its bytes', async (bench) => {
      const { bytes, size } = await ranged(bench)
      const p = bench.partSize
      const wanted: [number, number][] = [
        [0, 1],
        [1, 2],
        [0, size],
        [size - 1, size],
        [p - 1, p + 1],
        [p, 2 * p],
        [1, size - 1],
        [size >> 1, size],
      ]
      for (const [start, end] of wanted) await readsRange(bench, bytes, { start, end })
    }),

    test('many ranges at once each give their own bytes', async (bench) => {
      const { bytes, size } = await ranged(bench)
      const step = Math.ceil(size / 20)
      const wanted = Array.from({ length: 20 }, (_, n) => ({
        start: Math.min(n * step, size),
        end: Math.min((n + 1) * step, size),
      }))
      await Promise.all(wanted.map((range) => readsRange(bench, bytes, range)))
    }),

    test('an empty range gives no bytes', async (bench) => {
      const { size } = await ranged(bench)
      for (const at of [0, 1, size - 1, size]) {
        const none = await bench.read('ranged', { start: at, end: at })
        assert.equal(none.length, 0, `bytes ${at} to ${at}`)
      }
    }),

    test('a range past the end is an error, never a truncated body', async (bench) => {
      const { size } = await ranged(bench)
      for (const [start, end] of [
        [0, size + 1],
        [size - 1, size + 1],
        [size, size + 1],
        [size + 5, size + 10],
      ] as const) {
        // The error may come from open or while reading; what counts is that the end is not reached.
        await rejects(`bytes ${start} to ${end} of ${size}`, bench.read('ranged', { start, end }))
      }
    }),

    test('a range of an empty object is an error', async (bench) => {
      await bench.write('empty', new Uint8Array(0))
      await rejects('byte 0 of an empty object', bench.read('empty', { start: 0, end: 1 }))
    }),
  ],
}

async function ranged(bench: Bench) {
  const bytes = pattern(Math.floor(bench.partSize * 2.5))
  await bench.write('ranged', bytes)
  return { bytes, size: bytes.length }
}

async function readsRange(bench: Bench, bytes: Uint8Array, range: ByteRange): Promise<void> {
  const read = await bench.read('ranged', range)
  sameBytes(`bytes ${range.start} to ${range.end}`, read, bytes.subarray(range.start, range.end))
}
