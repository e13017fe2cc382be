import assert from 'node:assert/strict'
import type { Bench } from '../bench'
import { type Topic, test } from '../test'
import { pattern } from '../tools/pattern'

/** In the order of their UTF-8 bytes, which is neither that of folders, nor of languages, nor of UTF-16. */
const ordered = [
  'B',
  'a-b',
  'a.x',
  'a/1',
  'a/10',
  'a/2',
  'a/b-c',
  'a/b/d',
  'a0',
  'ab',
  'z',
  'é',
  '中文',
  '～',
  '😀',
]

export const listing: Topic = {
  name: 'listing',
  tests: [
    test('an empty store lists nothing', async (bench) => {
      assert.deepEqual(await bench.keys(), [])
    }),

    test('objects are listed in the order of the bytes of their keys', async (bench) => {
      await fill(bench)
      assert.deepEqual(await bench.keys(), ordered)
      assert.deepEqual(await bench.keys(''), ordered)
    }),

    test('a prefix is the beginning of a key, not a folder', async (bench) => {
      await fill(bench)
      for (const prefix of ['a', 'a/', 'a/1', 'a/b', 'a-', 'B', '中', 'nothing', 'a/1/']) {
        const expected = ordered.filter((key) => key.startsWith(prefix))
        assert.deepEqual(await bench.keys(prefix), expected, `the keys that begin with ${prefix}`)
      }
    }),

    test('a listing tells size and version of each object', async (bench) => {
      await fill(bench)
      for await (const info of bench.store.list()) {
        assert.equal(info.size, sizeOf(info.key), `the size of ${info.key}`)
        assert.ok(info.version.length > 0, `the version of ${info.key}`)
      }
    }),

    test('an object that is replaced is listed once, as it is now', async (bench) => {
      await bench.write('one', pattern(10))
      await bench.write('one', pattern(20))
      const infos = []
      for await (const { key, size } of bench.store.list()) infos.push({ key, size })
      assert.deepEqual(infos, [{ key: 'one', size: 20 }])
    }),

    test('unfinished and aborted sessions are not listed', async (bench) => {
      const open = await bench.begin('unfinished', { size: bench.partSize })
      await bench.send(open, pattern(bench.partSize))
      const aborted = await bench.begin('aborted', { size: bench.partSize })
      await bench.send(aborted, pattern(bench.partSize))
      await aborted.abort()
      assert.deepEqual(await bench.keys(), [])
      await open.abort()
    }),

    test('a listing can be left early, and begun again', async (bench) => {
      await fill(bench)
      for await (const info of bench.store.list()) {
        assert.equal(info.key, ordered[0])
        break
      }
      assert.deepEqual(await bench.keys(), ordered)
    }),

    test('a listing goes on after its first page', async (bench) => {
      const count = (bench.adapter.pageSize ?? 0) + 1
      const wanted = Array.from({ length: count }, (_, n) => `page/${String(n).padStart(6, '0')}`)
      const left = [...wanted]
      const writeSome = async () => {
        for (let key = left.pop(); key !== undefined; key = left.pop()) await bench.replace(key, pattern(1))
      }
      await Promise.all([writeSome(), writeSome(), writeSome(), writeSome()])
      assert.deepEqual(await bench.keys('page/'), wanted)
    }),
  ],
}

async function fill(bench: Bench): Promise<void> {
  // Not in their order, so that a store which lists them as they came is found out.
  for (const key of [...ordered].reverse()) await bench.write(key, pattern(sizeOf(key)))
}

function sizeOf(key: string): number {
  return 10 + ordered.indexOf(key)
}
