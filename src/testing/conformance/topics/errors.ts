import assert from 'node:assert/strict'
import type { TransferError } from '../../../contract/errors'
import { type Topic, test } from '../test'
import { showsNoSecret, throws } from '../tools/assertions'
import { pattern } from '../tools/pattern'

export const errors: Topic = {
  name: 'errors',
  tests: [
    test('errors say where they happened', async (bench) => {
      const source = bench.store.source('nowhere')
      saysWhere(await bench.rejects('stat', source.stat(), 'NOT_FOUND'), source.location)
      saysWhere(await bench.rejects('open', source.open(), 'NOT_FOUND'), source.location)

      await bench.write('taken', pattern(10))
      const sink = bench.store.sink('taken')
      const session = await bench.begin('taken', { size: 10 })
      // Other bytes than those that are there: a commit may take an object just like its own for its own.
      const receipts = await bench.send(session, pattern(10, 2))
      await session.abort()
      saysWhere(await bench.rejects('commit', session.commit(receipts), 'SESSION_LOST'), sink.location)
    }),

    test('looking for what is not there is not worth a retry', async (bench) => {
      const { retry } = await bench.rejects('stat', bench.store.source('nowhere').stat(), 'NOT_FOUND')
      assert.equal(retry, 'permanent')
    }),

    test('an invalid key is a TransferError, thrown at once', async (bench) => {
      for (const make of [() => bench.store.source(''), () => bench.store.sink('')]) {
        const error = throws('an empty key', make, ['INVALID_KEY'], bench.secrets)
        assert.equal(error.retry, 'permanent')
      }
    }),

    test('names and locations show no secret', async ({ store, secrets }) => {
      showsNoSecret('the name', store.name, secrets)
      showsNoSecret('the source', store.source('key').location, secrets)
      showsNoSecret('the sink', store.sink('key').location, secrets)
    }),
  ],
}

function saysWhere({ message, context }: TransferError, location: string): void {
  assert.equal(context.location, location, `the location in the context of: ${message}`)
}
