import assert from 'node:assert/strict'
import type {
  Committed,
  NewObject,
  PartReceipt,
  PendingObject,
  Sink,
  WriteSession,
} from '../../../contract/sink'
import type { Bench } from '../bench'
import { type ConformanceTest, type Topic, test } from '../test'
import { digestsOf } from '../tools/digests'
import { pattern } from '../tools/pattern'
import { afterDisk, elsewhere } from './resuming'

const needs: ConformanceTest['needs'] = ['reconcile']

export const reconciling: Topic = {
  name: 'looking for what a commit has made',
  tests: [
    test(
      'a committed object is found, from another process too',
      async (bench) => {
        const bytes = pattern(bench.partSize * 2 + 1)
        const { session, object, pending } = await sent(bench, 'found', bytes)
        await session.commit(pending.receipts)
        const { version } = await bench.holds('found', bytes)
        await isFound(bench.store.sink('found'), pending, object)
        await elsewhere(bench, (store) => isFound(store.sink('found'), afterDisk(pending), object))
        assert.equal((await bench.holds('found', bytes)).version, version, 'the object was written anew')
      },
      needs,
    ),

    test(
      'a commit whose reply was lost converges from another process',
      async (bench) => {
        const bytes = pattern(bench.partSize * 2 + 1)
        const { session, object, pending } = await sent(bench, 'lost', bytes)
        await session.commit(pending.receipts)
        const { version } = await bench.holds('lost', bytes)
        await elsewhere(bench, async (store) => {
          const sink = store.sink('lost')
          const { state, receipts } = {
            state: afterDisk(session.state),
            receipts: afterDisk(pending.receipts),
          }
          const resumed = await unlessLost(bench, sink.resume!(state, object))
          if (resumed) await resumed.commit(receipts)
          else await isFound(sink, afterDisk(pending), object)
        })
        assert.equal((await bench.holds('lost', bytes)).version, version, 'the object was written anew')
      },
      ['resume', 'reconcile'],
    ),

    test(
      'a session that was not committed has made nothing, and can still be committed',
      async (bench) => {
        const [old, bytes] = [pattern(bench.partSize + 1, 1), pattern(bench.partSize + 1, 2)]
        const { session, object, pending } = await sent(bench, 'early', bytes)
        const sink = bench.store.sink('early')
        assert.equal(await sink.reconcile!(pending, object), undefined, 'what was found of no object')
        await bench.replace('early', old)
        assert.equal(await sink.reconcile!(pending, object), undefined, 'what was found of another object')
        await bench.holds('early', old)
        await session.commit(pending.receipts)
        await bench.holds('early', bytes)
      },
      needs,
    ),

    test(
      'a session that was aborted has made nothing',
      async (bench) => {
        const { session, object, pending } = await sent(bench, 'aborted', pattern(bench.partSize + 1))
        await session.abort()
        assert.equal(await bench.store.sink('aborted').reconcile!(pending, object), undefined)
        await bench.hidden('aborted')
      },
      needs,
    ),

    test(
      'an object of the same size that was there before is not taken for it',
      async (bench) => {
        const [old, bytes] = [pattern(bench.partSize + 1, 1), pattern(bench.partSize + 1, 2)]
        await bench.replace('before', old)
        const { session, object, pending } = await sent(bench, 'before', bytes)
        await session.abort()
        await isNotFound(bench, bench.store.sink('before'), pending, object)
        await bench.holds('before', old)
      },
      needs,
    ),

    test(
      'an object that has replaced it is not taken for it, and stays',
      async (bench) => {
        const [bytes, young] = [pattern(bench.partSize + 1, 1), pattern(bench.partSize + 1, 2)]
        const { session, object, pending } = await sent(bench, 'after', bytes)
        await session.commit(pending.receipts)
        await bench.replace('after', young)
        await isNotFound(bench, bench.store.sink('after'), pending, object)
        await bench.holds('after', young)
      },
      needs,
    ),

    test(
      'an empty object is found',
      async (bench) => {
        const { session, object, pending } = await sent(bench, 'hollow', new Uint8Array())
        await session.commit([])
        await isFound(bench.store.sink('hollow'), pending, object)
      },
      needs,
    ),

    test(
      'an object that was put is found, and another is not',
      async (bench) => {
        const [old, bytes] = [pattern(1000, 1), pattern(1000, 2)]
        const sink = bench.store.sink('put')
        const object: NewObject = { size: bytes.length, attributes: {}, createOnly: false }
        const pending: PendingObject = { size: bytes.length, digests: digestsOf(bytes), receipts: [] }
        assert.equal(await sink.reconcile!(pending, object), undefined, 'what was found of no object')
        await bench.replace('put', old)
        await isNotFound(bench, sink, pending, object)
        await sink.put!(object, bytes, digestsOf(bytes))
        await isFound(sink, pending, object)
      },
      ['put', 'reconcile'],
    ),

    test(
      'looking ends when its signal fires',
      async (bench) => {
        const { session, object, pending } = await sent(bench, 'late', pattern(bench.partSize))
        const context = { signal: AbortSignal.abort(new Error('the test gave up before it began')) }
        const looking = bench.store.sink('late').reconcile!(pending, object, context)
        await bench.rejects('reconcile', looking, 'ABORTED')
        await session.abort()
      },
      needs,
    ),
  ],
}

interface Sent {
  readonly session: WriteSession
  readonly object: NewObject
  readonly pending: PendingObject
}

async function sent(bench: Bench, key: string, bytes: Uint8Array): Promise<Sent> {
  const object: NewObject = { size: bytes.length, attributes: {}, createOnly: false }
  const session = await bench.begin(key, object)
  const receipts: PartReceipt[] = bytes.length === 0 ? [] : await bench.send(session, bytes)
  const { crc64 } = digestsOf(bytes)
  return {
    session,
    object,
    pending: { size: bytes.length, digests: { crc64 }, session: session.state, receipts },
  }
}

async function isFound(sink: Sink, pending: PendingObject, object: NewObject): Promise<void> {
  const found: Committed | undefined = await sink.reconcile!(pending, object)
  assert.ok(found, 'the object stands there, and was not found')
  if (found.size !== undefined) assert.equal(found.size, pending.size, 'the size of what was found')
  const { crc64 } = pending.digests
  if (found.crc64 !== undefined) assert.equal(found.crc64, crc64, 'the CRC-64 of what was found')
}

/** A backend that states no digest may say that it cannot tell; none may say that it is there. */
async function isNotFound(
  bench: Bench,
  sink: Sink,
  pending: PendingObject,
  object: NewObject,
): Promise<void> {
  try {
    assert.equal(await sink.reconcile!(pending, object), undefined, 'what was found of another object')
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error
    await bench.rejects('reconcile', Promise.reject(error), 'OUTCOME_UNKNOWN')
  }
}

async function unlessLost(bench: Bench, resume: Promise<WriteSession>): Promise<WriteSession | undefined> {
  try {
    return await resume
  } catch (error) {
    await bench.rejects('resume', Promise.reject(error), 'SESSION_LOST')
    return undefined
  }
}
