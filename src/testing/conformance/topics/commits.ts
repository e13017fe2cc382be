import assert from 'node:assert/strict'
import type { Committed } from '../../../contract/sink'
import type { Bench } from '../bench'
import { type Topic, test } from '../test'
import { pattern } from '../tools/pattern'

export const commits: Topic = {
  name: 'commits',
  tests: [
    test('a second commit gives the same answer and changes nothing', async (bench) => {
      const bytes = pattern(bench.partSize + 1)
      const session = await bench.begin('twice', { size: bytes.length })
      const receipts = await bench.send(session, bytes)
      const first = await session.commit(receipts)
      const { version } = await bench.holds('twice', bytes)
      sameAnswer(await session.commit(receipts), first)
      const info = await bench.holds('twice', bytes)
      assert.equal(info.version, version, 'the second commit wrote the object anew')
    }),

    test('a second commit of an empty object converges too', async (bench) => {
      const session = await bench.begin('empty', { size: 0 })
      const first = await session.commit([])
      sameAnswer(await session.commit([]), first)
      await bench.holds('empty', new Uint8Array(0))
    }),

    test('a second commit leaves alone what was written since', async (bench) => {
      const [old, young] = [pattern(bench.partSize + 1, 1), pattern(bench.partSize + 1, 2)]
      const session = await bench.begin('since', { size: old.length })
      const receipts = await bench.send(session, old)
      await session.commit(receipts)
      await bench.replace('since', young)
      // It may say that it succeeded, as it did; it may also say that the object is another by now.
      await session.commit(receipts).catch((error: unknown) => bench.rejects('commit', Promise.reject(error)))
      await bench.holds('since', young)
    }),

    test(
      'of two holders of one session, one or both commit the same object, once',
      async (bench) => {
        const bytes = pattern(bench.partSize * 2 + 1)
        const object = { size: bytes.length, attributes: {}, createOnly: false }
        const session = await bench.begin('lost', object)
        const receipts = await bench.send(session, bytes)
        const twin = await bench.store.sink('lost').resume!(session.state, object)
        const first = await unlessLost(bench, session.commit(receipts))
        const { version } = first ? await bench.holds('lost', bytes) : {}
        const second = await unlessLost(bench, twin.commit(receipts))
        assert.ok(first ?? second, 'neither could commit')
        const now = await bench.holds('lost', bytes)
        if (!first) return
        assert.equal(now.version, version, 'the object was written anew')
        if (second) assert.equal(second.etag ?? first.etag, first.etag, 'the etag of the second answer')
      },
      ['resume'],
    ),

    test('a part that was never stored cannot be committed', async (bench) => {
      const bytes = pattern(bench.partSize * 2)
      const session = await bench.begin('holed', { size: bytes.length })
      const [first] = await bench.send(session, bytes.subarray(0, bench.partSize))
      const invented = { ...first!, index: 1 }
      await bench.rejects('the commit', session.commit([first!, invented]))
      await bench.hidden('holed')
      await session.abort()
    }),
  ],
}

/** Taking a session up may take it from its earlier holder. */
async function unlessLost(bench: Bench, commit: Promise<Committed>): Promise<Committed | undefined> {
  try {
    return await commit
  } catch (error) {
    await bench.rejects('the commit', Promise.reject(error), 'SESSION_LOST')
    return undefined
  }
}

function sameAnswer(second: Committed, first: Committed): void {
  for (const field of ['size', 'etag', 'version', 'crc64', 'md5'] as const) {
    assert.equal(second[field], first[field], `the ${field} of the second answer`)
  }
}
