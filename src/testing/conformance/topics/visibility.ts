import { type Topic, test } from '../test'
import { pattern } from '../tools/pattern'

export const visibility: Topic = {
  name: 'visibility',
  tests: [
    test('nothing is visible before the commit', async (bench) => {
      const bytes = pattern(bench.partSize * 2 + 1)
      const session = await bench.begin('unborn', { size: bytes.length })
      await bench.hidden('unborn')
      const receipts = await bench.send(session, bytes)
      await bench.hidden('unborn')
      await session.commit(receipts)
      await bench.holds('unborn', bytes)
    }),

    test('an existing object stays whole until the commit', async (bench) => {
      const [old, young] = [pattern(bench.partSize + 1, 1), pattern(bench.partSize * 2 + 1, 2)]
      await bench.write('replaced', old)
      const session = await bench.begin('replaced', { size: young.length })
      await bench.holds('replaced', old)
      const receipts = await bench.send(session, young)
      await bench.holds('replaced', old)
      await session.commit(receipts)
      await bench.holds('replaced', young)
    }),

    test('an existing object can be replaced by a smaller and by an empty one', async (bench) => {
      for (const size of [bench.partSize * 2, 10, 0]) {
        const bytes = pattern(size, size + 1)
        await bench.write('shrinking', bytes)
        await bench.holds('shrinking', bytes)
      }
    }),

    test('an object that is begun and never written leaves nothing when it is aborted', async (bench) => {
      const session = await bench.begin('never')
      await session.abort()
      await bench.hidden('never')
    }),
  ],
}
