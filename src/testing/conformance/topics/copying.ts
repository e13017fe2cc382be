import assert from 'node:assert/strict'
import type { Source } from '../../../contract/source'
import { type ConformanceTest, type Topic, test } from '../test'
import { borrowed } from '../tools/bodies'
import { cut } from '../tools/objects'
import { pattern } from '../tools/pattern'

const needs: ConformanceTest['needs'] = ['copyPart']

export const copying: Topic = {
  name: 'copies made by the backend',
  tests: [
    test('a backend that is said not to copy leaves it to the caller', async (bench) => {
      if (!bench.lacks('copyPart')) return
      const bytes = pattern(bench.partSize)
      await bench.write('from', bytes)
      const session = await bench.begin('to', { size: bytes.length })
      const part = cut(bytes.length, bench.partSize)[0]!
      const { version } = await bench.store.source('from').stat()
      const receipt = await session.copyPart?.(part, bench.store.source('from'), { version })
      assert.equal(receipt, undefined, "it copies: correct 'without'")
      await session.abort()
    }),

    test(
      'a part copied by the backend has the bytes of its range',
      async (bench) => {
        const bytes = pattern(bench.partSize * 2 + 1)
        await bench.write('from', bytes)
        const source = bench.store.source('from')
        const { version } = await source.stat()
        const session = await bench.begin('to', { size: bytes.length })
        const receipts = []
        for (const part of cut(bytes.length, bench.partSize)) {
          const receipt = await session.copyPart!(part, source, { version })
          assert.ok(receipt, 'the backend did not copy between two objects of its own')
          assert.deepEqual([receipt.index, receipt.size], [part.index, part.size])
          receipts.push(receipt)
        }
        await session.commit(receipts)
        await bench.holds('to', bytes)
      },
      needs,
    ),

    test(
      'a replaced version is not copied',
      async (bench) => {
        const [old, young] = [pattern(bench.partSize, 1), pattern(bench.partSize, 2)]
        await bench.write('from', old)
        const source = bench.store.source('from')
        const { version } = await source.stat()
        await bench.replace('from', young)
        const session = await bench.begin('to', { size: old.length })
        const part = cut(old.length, bench.partSize)[0]!
        // A backend that keeps old versions may copy the old bytes; none may copy the new ones.
        const receipt = await session.copyPart!(part, source, { version }).catch((error: unknown) =>
          bench.rejects('the copy', Promise.reject(error), 'SOURCE_CHANGED').then(() => undefined),
        )
        if (receipt) {
          await session.commit([receipt])
          await bench.holds('to', old)
        }
        await session.abort()
      },
      needs,
    ),

    test(
      'a source of another kind is left to the caller to move',
      async (bench) => {
        const bytes = pattern(bench.partSize)
        const foreign: Source = {
          location: 'elsewhere',
          stat: async () => ({ key: 'elsewhere', size: bytes.length, version: '1' }),
          open: async () => borrowed(bytes),
        }
        const session = await bench.begin('to', { size: bytes.length })
        const part = cut(bytes.length, bench.partSize)[0]!
        assert.equal(await session.copyPart!(part, foreign, { version: '1' }), undefined)
        await session.abort()
      },
      needs,
    ),
  ],
}
