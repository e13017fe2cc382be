import assert from 'node:assert/strict'
import { type Topic, test } from '../test'
import { pattern } from '../tools/pattern'

export const createOnly: Topic = {
  name: 'create-only',
  tests: [
    test('a create-only session creates what is not there', async (bench) => {
      const bytes = pattern(bench.partSize + 1)
      const session = await bench.begin('new', { size: bytes.length, createOnly: true })
      await session.commit(await bench.send(session, bytes))
      await bench.holds('new', bytes)
    }),

    test('a create-only session does not replace an existing object', async (bench) => {
      const [old, young] = [pattern(bench.partSize + 1, 1), pattern(bench.partSize + 1, 2)]
      await bench.write('taken', old)
      const writing = async () => {
        const session = await bench.begin('taken', { size: young.length, createOnly: true })
        try {
          await session.commit(await bench.send(session, young))
        } finally {
          await session.abort()
        }
      }
      await bench.rejects('begin or commit', writing(), 'ALREADY_EXISTS')
      await bench.holds('taken', old)
    }),

    test('a create-only session does not replace an object that appeared meanwhile', async (bench) => {
      const [other, bytes] = [pattern(bench.partSize + 1, 1), pattern(bench.partSize + 1, 2)]
      const session = await bench.begin('raced', { size: bytes.length, createOnly: true })
      const receipts = await bench.send(session, bytes)
      await bench.replace('raced', other)
      await bench.rejects('the commit', session.commit(receipts), 'ALREADY_EXISTS')
      await session.abort()
      await bench.holds('raced', other)
    }),

    test('a create-only session does not replace an empty object either', async (bench) => {
      const session = await bench.begin('hollow', { size: 1, createOnly: true })
      const receipts = await bench.send(session, pattern(1))
      await bench.replace('hollow', new Uint8Array(0))
      await bench.rejects('the commit', session.commit(receipts), 'ALREADY_EXISTS')
      await session.abort()
      await bench.holds('hollow', new Uint8Array(0))
    }),

    test('a create-only commit that is repeated does not take its own object for another', async (bench) => {
      const bytes = pattern(bench.partSize + 1)
      const session = await bench.begin('own', { size: bytes.length, createOnly: true })
      const receipts = await bench.send(session, bytes)
      const first = await session.commit(receipts)
      assert.equal((await session.commit(receipts)).etag, first.etag)
      await bench.holds('own', bytes)
    }),

    test('of two create-only commits at once one wins, where that is enforced', async (bench) => {
      const contents = [pattern(bench.partSize + 1, 1), pattern(bench.partSize + 1, 2)]
      const sessions = await Promise.all(
        contents.map(({ length }) => bench.begin('duel', { size: length, createOnly: true })),
      )
      const receipts = await Promise.all(sessions.map((session, n) => bench.send(session, contents[n]!)))
      const outcomes = await Promise.allSettled(sessions.map((session, n) => session.commit(receipts[n]!)))
      await Promise.all(sessions.map((session) => session.abort()))
      const winners = contents.filter((_, n) => outcomes[n]!.status === 'fulfilled')
      if (bench.capabilities.createOnly === 'enforced')
        assert.equal(winners.length, 1, 'commits that succeeded')
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') {
          await bench.rejects('the commit that lost', Promise.reject(outcome.reason), 'ALREADY_EXISTS')
        }
      }
      if (winners.length === 1) await bench.holds('duel', winners[0]!)
    }),
  ],
}
