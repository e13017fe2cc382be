import assert from 'node:assert/strict'
import { TransferError } from '../../../contract/errors'
import type { Body, Part, WriteSession } from '../../../contract/sink'
import type { Bench } from '../bench'
import { type Topic, test } from '../test'
import { comesFrom } from '../tools/assertions'
import { bodyOf, bodyOfWrongSize, failingBody, stallingBody } from '../tools/bodies'
import { cut, slice, writeParts } from '../tools/objects'
import { pattern } from '../tools/pattern'

export const failedParts: Topic = {
  name: 'failed parts',
  tests: [
    test('a body that throws fails its part with that error, and the part can be written again', async (bench) => {
      const failure = new TransferError('SOURCE_FAILED', 'The source of the test failed.', {
        retry: 'temporary',
      })
      await failsThenWorks(bench, async (session, part, bytes) => {
        const error = await bench.rejects('the part', session.writePart(part, failingBody(bytes, failure)))
        assert.ok(
          comesFrom(error, failure),
          'the error of the body is neither the error nor one of its causes',
        )
      })
    }),

    test('a body that throws an error of its own fails its part with a TransferError or that error', async (bench) => {
      const failure = new Error('unplugged')
      await failsThenWorks(bench, async (session, part, bytes) => {
        const writing = session.writePart(part, failingBody(bytes, failure))
        const error = await bench.settles(
          'the part',
          writing.then(
            () => undefined,
            (reason: unknown) => reason,
          ),
        )
        assert.ok(error !== undefined, 'the part was accepted')
        assert.ok(
          comesFrom(error, failure),
          'the error of the body is neither the error nor one of its causes',
        )
      })
    }),

    test('a body whose open fails, fails its part', async (bench) => {
      const failure = new TransferError('CONNECTION', 'The source of the test cannot be reached.')
      await failsThenWorks(bench, async (session, part) => {
        const body: Body = { size: part.size, open: () => Promise.reject(failure) }
        const error = await bench.rejects('the part', session.writePart(part, body))
        assert.ok(comesFrom(error, failure), 'the error of open is neither the error nor one of its causes')
      })
    }),

    test('a body shorter than stated is refused', async (bench) => {
      await failsThenWorks(bench, async (session, part, bytes) => {
        const short = bodyOfWrongSize(bytes.subarray(1), bytes.length)
        await bench.rejects('the part', session.writePart(part, short))
      })
    }),

    test('an empty body that states bytes is refused', async (bench) => {
      await failsThenWorks(bench, async (session, part, bytes) => {
        const empty = bodyOfWrongSize(new Uint8Array(0), bytes.length)
        await bench.rejects('the part', session.writePart(part, empty))
      })
    }),

    test('a body longer than stated is refused', async (bench) => {
      await failsThenWorks(bench, async (session, part, bytes) => {
        const long = bodyOfWrongSize(Buffer.concat([bytes, pattern(10, 9)]), bytes.length)
        await bench.rejects('the part', session.writePart(part, long))
      })
    }),

    test('a failed attempt writes nothing any more once it has failed', async (bench) => {
      await failsThenWorks(bench, async (session, part, bytes) => {
        const controller = new AbortController()
        const body = stallingBody(bytes.map((byte) => ~byte))
        const writing = session.writePart(part, body, { signal: controller.signal })
        const failed = bench.rejects('the part', writing, 'ABORTED')
        await bench.settles('reading half of the body', Promise.race([body.stalled, failed]))
        controller.abort(new Error('the test gives up this attempt'))
        await failed
        // Late bytes of the old attempt come while the next one is on its way.
        body.release()
      })
    }),

    test('a part that failed after it was stored still counts as it was', async (bench) => {
      const bytes = pattern(bench.partSize * 2)
      const session = await bench.begin('kept', { size: bytes.length })
      const receipts = await bench.send(session, bytes)
      const part = cut(bytes.length, bench.partSize)[0]!
      const failure = new TransferError('SOURCE_FAILED', 'The source of the test failed.')
      await bench.rejects('the part', session.writePart(part, failingBody(pattern(part.size, 7), failure)))
      // Whether the stored part survives is the adapter's choice; an object with half of each is not.
      const outcome = await session.commit(receipts).catch((error: unknown) => error)
      if (!(outcome instanceof Error)) await bench.holds('kept', bytes)
      else await bench.hidden('kept')
      await session.abort()
    }),
  ],
}

/** After the failure nothing is visible, and the same session takes the part and commits. */
async function failsThenWorks(
  bench: Bench,
  fail: (session: WriteSession, part: Part, bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const bytes = pattern(bench.partSize * 2 + 1)
  const [first, second, third] = cut(bytes.length, bench.partSize) as [Part, Part, Part]
  const session = await bench.begin('failed', { size: bytes.length })
  const receipts = await writeParts(session, bytes, [first])
  await bench.settles('the failed attempt', fail(session, second, slice(bytes, second)))
  await bench.hidden('failed')
  receipts.push(
    await bench.settles('the next attempt', session.writePart(second, bodyOf(slice(bytes, second)))),
  )
  receipts.push(...(await writeParts(session, bytes, [third])))
  await session.commit(receipts)
  await bench.holds('failed', bytes)
}
