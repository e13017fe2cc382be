import assert from 'node:assert/strict'
import type { Part } from '../../../contract/sink'
import { type ConformanceTest, type Topic, test } from '../test'
import { sameBytes } from '../tools/assertions'
import { bodyOf } from '../tools/bodies'
import { digestsAreRight } from '../tools/digests'
import { cut, slice, writeParts } from '../tools/objects'
import { pattern } from '../tools/pattern'

/** Sizes of whole objects around the size of a part, where parts are gained, lost or left empty by mistake. */
const sizes: Record<string, (p: number) => number> = {
  'no bytes': () => 0,
  'one byte': () => 1,
  'a part less one byte': (p) => p - 1,
  'exactly one part': (p) => p,
  'a part and one byte': (p) => p + 1,
  'exactly two parts': (p) => 2 * p,
  'two parts and one byte': (p) => 2 * p + 1,
  'three and a half parts': (p) => Math.floor(3.5 * p),
}

export const parts: Topic = {
  name: 'parts',
  tests: [
    ...Object.entries(sizes).map(([name, sizeOf]) => holdsSize(name, sizeOf)),

    test('a receipt says what was stored', async (bench) => {
      const bytes = pattern(Math.floor(bench.partSize * 2.5))
      const session = await bench.begin('receipts', { size: bytes.length })
      const parts = cut(bytes.length, bench.partSize)
      const receipts = await writeParts(session, bytes, parts)
      for (const [n, receipt] of receipts.entries()) {
        const what = `part ${n}`
        assert.equal(receipt.index, n, `the index of ${what}`)
        assert.equal(receipt.size, parts[n]!.size, `the size of ${what}`)
        digestsAreRight(what, receipt, slice(bytes, parts[n]!))
        for (const name of bench.capabilities.attests ?? []) {
          assert.ok(receipt[name] !== undefined, `${what} is not attested by its ${name}`)
        }
        assert.deepEqual(
          JSON.parse(JSON.stringify(receipt)),
          withoutUndefined(receipt),
          `${what} is not JSON`,
        )
      }
      await session.abort()
    }),

    test('parts may come in any order', async (bench) => {
      const bytes = pattern(Math.floor(bench.partSize * 3.5))
      const session = await bench.begin('backwards', { size: bytes.length })
      const parts = cut(bytes.length, bench.partSize).reverse()
      const receipts = await writeParts(session, bytes, parts)
      await session.commit(receipts.reverse())
      await bench.holds('backwards', bytes)
    }),

    test('receipts may come in any order', async (bench) => {
      const bytes = pattern(Math.floor(bench.partSize * 3.5))
      const session = await bench.begin('shuffled', { size: bytes.length })
      const [a, b, c, d] = await bench.send(session, bytes)
      await session.commit([c!, a!, d!, b!])
      await bench.holds('shuffled', bytes)
    }),

    test('parts may be written several at once', async (bench) => {
      const bytes = pattern(bench.partSize * 6 + 1)
      const session = await bench.begin('parallel', { size: bytes.length })
      const parts = cut(bytes.length, bench.partSize)
      const receipts = await Promise.all(
        parts.map((part) => session.writePart(part, bodyOf(slice(bytes, part)))),
      )
      await session.commit(receipts)
      await bench.holds('parallel', bytes)
    }),

    test('a part written twice counts once, as it was the last time', async (bench) => {
      const [old, bytes] = [pattern(bench.partSize * 2, 1), pattern(bench.partSize * 2, 2)]
      const session = await bench.begin('twice', { size: bytes.length })
      await bench.send(session, old)
      await session.commit(await bench.send(session, bytes))
      await bench.holds('twice', bytes)
    }),

    test('parts may grow, and the size may be unknown', async (bench) => {
      const p = bench.partSize
      const sizes = [p, 2 * p, 3 * p, 7]
      const bytes = pattern(sizes.reduce((sum, size) => sum + size))
      let start = 0
      const parts = sizes.map((size, index): Part => {
        start += size
        return { index, start: start - size, size }
      })
      const session = await bench.begin('growing')
      await session.commit(await writeParts(session, bytes, parts))
      await bench.holds('growing', bytes)
    }),

    test('borrowed chunks are copied or written before the next is asked for', async (bench) => {
      // Bodies of this suite scribble over each chunk: here alone that is what is looked at.
      const bytes = pattern(bench.partSize, 3)
      const session = await bench.begin('borrowed', { size: bytes.length })
      await session.commit(await bench.send(session, bytes))
      sameBytes('the object', await bench.read('borrowed'), bytes)
    }),

    test('two sessions for one key keep apart', async (bench) => {
      const [one, two] = [pattern(bench.partSize + 1, 1), pattern(bench.partSize + 1, 2)]
      const first = await bench.begin('shared', { size: one.length })
      const second = await bench.begin('shared', { size: two.length })
      const receipts = [await bench.send(first, one), await bench.send(second, two)] as const
      await first.commit(receipts[0])
      await bench.holds('shared', one)
      await second.commit(receipts[1])
      await bench.holds('shared', two)
    }),
  ],
}

function holdsSize(name: string, sizeOf: (partSize: number) => number): ConformanceTest {
  return test(`an object of ${name} arrives as it was sent`, async (bench) => {
    const bytes = pattern(sizeOf(bench.partSize))
    const session = await bench.begin('sized', { size: bytes.length })
    const committed = await session.commit(await bench.send(session, bytes))
    await bench.holds('sized', bytes)
    if (committed.size !== undefined)
      assert.equal(committed.size, bytes.length, 'the size it was committed with')
    digestsAreRight('what was committed', committed, bytes)
  })
}

function withoutUndefined(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined))
}
