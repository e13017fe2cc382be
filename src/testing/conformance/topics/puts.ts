import assert from 'node:assert/strict'
import type { Committed, NewObject } from '../../../contract/sink'
import type { Bench } from '../bench'
import { type ConformanceTest, type Topic, test } from '../test'
import { digestsAreRight, digestsOf } from '../tools/digests'
import { pattern } from '../tools/pattern'

const needs: ConformanceTest['needs'] = ['put']

export const puts: Topic = {
  name: 'put',
  tests: [
    test(
      'a put makes the object, whatever its size',
      async (bench) => {
        const { maxPutSize = bench.partSize } = bench.capabilities
        for (const size of new Set([0, 1, 1000, Math.min(maxPutSize, bench.partSize)])) {
          const bytes = pattern(size)
          const committed = await put(bench, `put/${size}`, bytes)
          await bench.holds(`put/${size}`, bytes)
          if (committed.size !== undefined) assert.equal(committed.size, size)
          digestsAreRight('what was put', committed, bytes)
        }
      },
      needs,
    ),

    test(
      'a put whose bytes were damaged on the way is INTEGRITY, and nothing is visible',
      async (bench) => {
        const digests = digestsOf(pattern(1000, 1))
        const sending = bench.store.sink('damaged').put!(newObject(1000), pattern(1000, 2), digests)
        await bench.rejects('the put', sending, 'INTEGRITY')
        await bench.hidden('damaged')
      },
      needs,
    ),

    test(
      'a put that is refused leaves the existing object whole',
      async (bench) => {
        const old = pattern(1000, 1)
        await put(bench, 'old', old)
        const sending = bench.store.sink('old').put!(
          newObject(1000),
          pattern(1000, 2),
          digestsOf(pattern(1000, 3)),
        )
        await bench.rejects('the put', sending, 'INTEGRITY')
        await bench.holds('old', old)
      },
      needs,
    ),

    test(
      'a put does not keep the bytes it was lent',
      async (bench) => {
        const bytes = pattern(1000)
        const lent = bytes.slice()
        await put(bench, 'lent', lent)
        lent.fill(0xaa)
        await bench.holds('lent', bytes)
      },
      needs,
    ),

    test(
      'a put replaces an object, and only unless it is create-only',
      async (bench) => {
        const [old, young] = [pattern(1000, 1), pattern(900, 2)]
        await put(bench, 'twice', old, true)
        await put(bench, 'twice', young)
        await bench.holds('twice', young)
        await bench.rejects('the put', put(bench, 'twice', old, true), 'ALREADY_EXISTS')
        await bench.holds('twice', young)
      },
      needs,
    ),

    test(
      'a put whose signal has fired leaves nothing',
      async (bench) => {
        const bytes = pattern(1000)
        const context = { signal: AbortSignal.abort(new Error('the test gave up before it began')) }
        const sending = bench.store.sink('late').put!(newObject(1000), bytes, digestsOf(bytes), context)
        await bench.rejects('the put', sending, 'ABORTED')
        await bench.hidden('late')
      },
      needs,
    ),
  ],
}

function newObject(size: number, createOnly = false): NewObject {
  return { size, attributes: {}, createOnly }
}

function put(bench: Bench, key: string, bytes: Uint8Array, createOnly?: boolean): Promise<Committed> {
  return bench.store.sink(key).put!(newObject(bytes.length, createOnly), bytes, digestsOf(bytes))
}
