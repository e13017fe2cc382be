import assert from 'node:assert/strict'
import { type Topic, test } from '../test'
import { sameBytes } from '../tools/assertions'
import { digestsAreRight } from '../tools/digests'
import { collect } from '../tools/objects'
import { pattern } from '../tools/pattern'

/** More than any pool of sockets or handles that an adapter keeps by default. */
const manyTimes = 60

export const sources: Topic = {
  name: 'sources',
  tests: [
    test('a stat tells key, size and version', async (bench) => {
      const bytes = pattern(1000)
      await bench.write('told', bytes)
      const info = await bench.store.source('told').stat()
      assert.equal(info.key, 'told')
      assert.equal(info.size, 1000)
      assert.ok(typeof info.version === 'string' && info.version.length > 0, 'the version is missing')
      assert.ok(info.lastModified === undefined || info.lastModified.getTime() > 0, 'lastModified is no date')
      digestsAreRight('the object', info.digests ?? {}, bytes)
    }),

    test('a missing object is NOT_FOUND', async (bench) => {
      const source = bench.store.source('missing')
      await bench.rejects('stat', source.stat(), 'NOT_FOUND')
      await bench.rejects('open', source.open(), 'NOT_FOUND')
      await bench.rejects('open of a range', source.open({ start: 1, end: 2 }), 'NOT_FOUND')
    }),

    test('an empty object has no bytes', async (bench) => {
      await bench.write('empty', new Uint8Array(0))
      await bench.holds('empty', new Uint8Array(0))
      const none = await bench.read('empty', { start: 0, end: 0 })
      assert.equal(none.length, 0)
    }),

    test('chunks are bytes', async (bench) => {
      await bench.write('chunks', pattern(bench.partSize))
      for await (const chunk of await bench.store.source('chunks').open()) {
        assert.ok(chunk instanceof Uint8Array, `a chunk is a ${typeof chunk}`)
      }
    }),

    test('an object can be opened again', async (bench) => {
      const bytes = pattern(bench.partSize + 1)
      await bench.write('again', bytes)
      const source = bench.store.source('again')
      for (const time of ['first', 'second', 'third']) {
        sameBytes(`the ${time} reading`, await collect(await source.open()), bytes)
      }
    }),

    test('two bodies read in turn do not disturb each other', async (bench) => {
      const [one, two] = [pattern(bench.partSize * 2, 1), pattern(bench.partSize * 2, 2)]
      await bench.write('one', one)
      await bench.write('two', two)
      const bodies = await Promise.all([bench.store.source('one').open(), bench.store.source('two').open()])
      const [first, second] = bodies.map((body) => body[Symbol.asyncIterator]())
      const read: [Uint8Array[], Uint8Array[]] = [[], []]
      for (let open = 2; open > 0; ) {
        // Both chunks are held at once: each is valid until its own body is asked for the next.
        const steps = await Promise.all([first!.next(), second!.next()])
        open = steps.filter((step) => !step.done).length
        steps.forEach((step, of) => void (step.done || read[of as 0 | 1].push(new Uint8Array(step.value))))
      }
      sameBytes('the first body', Buffer.concat(read[0]), one)
      sameBytes('the second body', Buffer.concat(read[1]), two)
    }),

    test('bodies left early give back what they hold', async (bench) => {
      const bytes = pattern(bench.partSize * 2)
      await bench.write('left', bytes)
      for (let time = 0; time < manyTimes; time++) {
        const body = await bench.settles(`open number ${time}`, bench.store.source('left').open())
        await bench.settles(`leaving body number ${time}`, readOneChunk(body))
      }
      await bench.settles('reading after all that', bench.holds('left', bytes))
    }),
  ],
}

async function readOneChunk(body: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _chunk of body) return
}
