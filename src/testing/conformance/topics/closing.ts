import assert from 'node:assert/strict'
import { type Topic, test } from '../test'
import { pattern } from '../tools/pattern'

export const closing: Topic = {
  name: 'closing',
  tests: [
    test('a store can be closed twice', async (bench) => {
      await bench.write('closed', pattern(10))
      await bench.settles('close', bench.store.close())
      await bench.settles('the second close', bench.store.close())
    }),

    test('a store that was never used can be closed', async (bench) => {
      await bench.settles('close', bench.store.close())
    }),

    test('a store can be closed while a body is half read', async (bench) => {
      await bench.write('half', pattern(bench.partSize * 3))
      const body = (await bench.store.source('half').open())[Symbol.asyncIterator]()
      await body.next()
      await bench.settles('close', bench.store.close())
      // Whether the body still gives its rest is the adapter's choice; it must not hang.
      await bench.settles(
        'leaving the body',
        Promise.resolve(body.return?.()).catch(() => {}),
      )
    }),

    test(
      'close awaits the cleanup that was handed to a sink',
      async (bench) => {
        const order: string[] = []
        let finish = () => {}
        const cleanup = new Promise<void>((resolve) => {
          finish = () => {
            order.push('cleanup')
            resolve()
          }
        })
        bench.store.sink('cleaned').defer!(cleanup)
        const closed = bench.store.close().then(() => order.push('closed'))
        // Turns enough for a close that waits for nothing.
        for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
        finish()
        await bench.settles('close', closed)
        assert.deepEqual(order, ['cleanup', 'closed'])
      },
      ['defer'],
    ),
  ],
}
