import { TransferError } from '../../../contract/errors'
import { type Topic, test } from '../test'
import { failingBody, stallingBody } from '../tools/bodies'
import { cut, slice } from '../tools/objects'
import { pattern } from '../tools/pattern'

export const abortedSessions: Topic = {
  name: 'aborted sessions',
  tests: [
    test('an abort leaves no trace', async (bench) => {
      const bytes = pattern(bench.partSize * 2 + 1)
      const session = await bench.begin('aborted', { size: bytes.length })
      await bench.send(session, bytes)
      await bench.settles('abort', session.abort())
      await bench.hidden('aborted')
    }),

    test('an existing object survives an abort', async (bench) => {
      const old = pattern(bench.partSize + 1, 1)
      await bench.write('survivor', old)
      const session = await bench.begin('survivor', { size: bench.partSize })
      await bench.send(session, pattern(bench.partSize, 2))
      await session.abort()
      await bench.holds('survivor', old)
    }),

    test('a session can be aborted twice', async (bench) => {
      const session = await bench.begin('twice')
      await bench.send(session, pattern(bench.partSize))
      await session.abort()
      await bench.settles('the second abort', session.abort())
      await bench.hidden('twice')
    }),

    test('an abort after a failed part leaves no trace', async (bench) => {
      const bytes = pattern(bench.partSize)
      const session = await bench.begin('broken', { size: bytes.length })
      const failure = new TransferError('SOURCE_FAILED', 'The source of the test failed.')
      const part = cut(bytes.length, bench.partSize)[0]!
      await bench.rejects('the part', session.writePart(part, failingBody(bytes, failure)))
      await session.abort()
      await bench.hidden('broken')
    }),

    test('an abort after the commit changes nothing', async (bench) => {
      const bytes = pattern(bench.partSize + 1)
      const session = await bench.begin('done', { size: bytes.length })
      await session.commit(await bench.send(session, bytes))
      await session.abort()
      await session.abort()
      await bench.holds('done', bytes)
    }),

    test('an aborted session takes and commits nothing', async (bench) => {
      const bytes = pattern(bench.partSize)
      const session = await bench.begin('over', { size: bytes.length })
      const receipts = await bench.send(session, bytes)
      await session.abort()
      await bench.rejects('a part', bench.send(session, bytes), 'SESSION_LOST')
      await bench.rejects('the commit', session.commit(receipts), 'SESSION_LOST')
      await bench.hidden('over')
    }),

    test('an abort does not wait for a part in flight, which then leaves no trace', async (bench) => {
      const bytes = pattern(bench.partSize * 2)
      const [first, second] = cut(bytes.length, bench.partSize)
      const session = await bench.begin('flight', { size: bytes.length })
      await bench.send(session, slice(bytes, first!))
      const body = stallingBody(slice(bytes, second!))
      const failed = bench.rejects('the part in flight', session.writePart(second!, body))
      await bench.settles('reading half of the part', Promise.race([body.stalled, failed]))
      await bench.settles('abort', session.abort())
      body.release()
      await failed
      await bench.hidden('flight')
    }),

    test('a part whose signal fires while its session is aborted leaves no trace', async (bench) => {
      const bytes = pattern(bench.partSize)
      const session = await bench.begin('both', { size: bytes.length })
      const body = stallingBody(bytes)
      const controller = new AbortController()
      const part = cut(bytes.length, bench.partSize)[0]!
      const writing = session.writePart(part, body, { signal: controller.signal })
      const failed = bench.rejects('the part in flight', writing)
      await bench.settles('reading half of the part', Promise.race([body.stalled, failed]))
      controller.abort(new Error('the test cancels'))
      await Promise.all([failed, bench.settles('abort', session.abort())])
      body.release()
      await session.abort()
      await bench.hidden('both')
    }),
  ],
}
