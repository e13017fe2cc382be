import { type Topic, test } from '../test'
import { bodyOf, stallingBody } from '../tools/bodies'
import { collect, cut } from '../tools/objects'
import { pattern } from '../tools/pattern'

/** More than a socket, a pipe or a read-ahead buffer holds, so that a body cannot be complete when it is aborted. */
const large = 8 * 1024 * 1024
const manyTimes = 60

function aborted(): { signal: AbortSignal } {
  return { signal: AbortSignal.abort(new Error('the test gave up before it began')) }
}

export const abortedCalls: Topic = {
  name: 'aborted calls',
  tests: [
    test('a signal that has fired ends stat and open', async (bench) => {
      await bench.write('read', pattern(100))
      const source = bench.store.source('read')
      await bench.rejects('stat', source.stat(aborted()), 'ABORTED')
      await bench.rejects('open', source.open(undefined, aborted()), 'ABORTED')
      await bench.rejects('open of a range', source.open({ start: 0, end: 1 }, aborted()), 'ABORTED')
    }),

    test('a signal that has fired ends a listing', async (bench) => {
      await bench.write('listed', pattern(100))
      const listing = bench.store.list('', aborted())[Symbol.asyncIterator]()
      await bench.rejects('the listing', listing.next(), 'ABORTED')
    }),

    test('a signal that has fired ends begin, which leaves nothing', async (bench) => {
      const object = { size: 1, attributes: {}, createOnly: false }
      await bench.rejects('begin', bench.store.sink('begun').begin(object, aborted()), 'ABORTED')
      await bench.hidden('begun')
    }),

    test('a signal that has fired ends a part and a commit, and the session lives on', async (bench) => {
      const bytes = pattern(bench.partSize)
      const part = cut(bytes.length, bench.partSize)[0]!
      const session = await bench.begin('written', { size: bytes.length })
      await bench.rejects('the part', session.writePart(part, bodyOf(bytes), aborted()), 'ABORTED')
      const receipts = await bench.send(session, bytes)
      await bench.rejects('the commit', session.commit(receipts, aborted()), 'ABORTED')
      await bench.hidden('written')
      await session.commit(receipts)
      await bench.holds('written', bytes)
    }),

    test('a body is cut off by its signal, and says so', async (bench) => {
      const bytes = pattern(large)
      await bench.write('long', bytes)
      const controller = new AbortController()
      const body = await bench.store.source('long').open(undefined, { signal: controller.signal })
      const iterator = body[Symbol.asyncIterator]()
      await iterator.next()
      controller.abort(new Error('the test has seen enough'))
      const rest = collect({ [Symbol.asyncIterator]: () => iterator })
      await bench.rejects('the rest of the body', rest, 'ABORTED')
    }),

    test('a body that nobody reads is freed by its signal', async (bench) => {
      const bytes = pattern(bench.partSize)
      await bench.write('unread', bytes)
      for (let time = 0; time < manyTimes; time++) {
        const controller = new AbortController()
        const opening = bench.store.source('unread').open(undefined, { signal: controller.signal })
        await bench.settles(`open number ${time}`, opening)
        controller.abort(new Error('the test reads none of it'))
      }
      await bench.settles('reading after all that', bench.holds('unread', bytes))
    }),

    test('a part in flight is ended by its signal, lets go of its body, and can be written again', async (bench) => {
      const bytes = pattern(bench.partSize)
      const part = cut(bytes.length, bench.partSize)[0]!
      const session = await bench.begin('stalled', { size: bytes.length })
      const body = stallingBody(bytes)
      const controller = new AbortController()
      const writing = session.writePart(part, body, { signal: controller.signal })
      const failed = bench.rejects('the part', writing, 'ABORTED')
      await bench.settles('reading half of the part', Promise.race([body.stalled, failed]))
      controller.abort(new Error('the test cancels'))
      await failed
      await bench.settles('leaving the body', body.left)
      await session.commit(await bench.send(session, bytes))
      await bench.holds('stalled', bytes)
    }),

    test('a part whose body never opens is ended by its signal', async (bench) => {
      const session = await bench.begin('unopened', { size: bench.partSize })
      const controller = new AbortController()
      let opened = () => {}
      const opening = new Promise<void>((resolve) => {
        opened = resolve
      })
      const part = cut(bench.partSize, bench.partSize)[0]!
      const body = {
        size: part.size,
        open() {
          opened()
          return new Promise<never>(() => {})
        },
      }
      const writing = session.writePart(part, body, { signal: controller.signal })
      const failed = bench.rejects('the part', writing, 'ABORTED')
      await bench.settles('opening the body', Promise.race([opening, failed]))
      controller.abort(new Error('the test cancels'))
      await failed
      await session.abort()
    }),
  ],
}
