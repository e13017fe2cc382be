import assert from 'node:assert/strict'
import type { Json, NewObject, PartReceipt, WriteSession } from '../../../contract/sink'
import type { Store } from '../../../contract/store'
import type { Bench } from '../bench'
import { type ConformanceTest, type Topic, test } from '../test'
import { showsNoSecret } from '../tools/assertions'
import { failingBody } from '../tools/bodies'
import { cut, slice, writeParts } from '../tools/objects'
import { pattern } from '../tools/pattern'

const resume: ConformanceTest['needs'] = ['resume']
const listParts: ConformanceTest['needs'] = ['listParts']
const both: ConformanceTest['needs'] = ['resume', 'listParts']

export const resuming: Topic = {
  name: 'resuming',
  tests: [
    test('the state of a session is JSON and holds no secret', async (bench) => {
      const session = await bench.begin('state')
      await bench.send(session, pattern(bench.partSize))
      assert.deepEqual(JSON.parse(JSON.stringify(session.state)), session.state)
      showsNoSecret('the state', session.state, bench.secrets)
      await session.abort()
    }),

    test(
      'the parts listed are those that were stored',
      async (bench) => {
        const bytes = pattern(bench.partSize * 2 + 1)
        const session = await bench.begin('listed', { size: bytes.length })
        assert.deepEqual(await session.listParts!(), [])
        const [first, second, third] = cut(bytes.length, bench.partSize)
        const receipts = await writeParts(session, bytes, [third!, first!, second!, first!])
        const latest = [receipts[3]!, receipts[2]!, receipts[0]!]
        sameReceipts(bench, await session.listParts!(), latest)
        await session.abort()
      },
      listParts,
    ),

    test(
      'a part that failed is not listed as whole',
      async (bench) => {
        const bytes = pattern(bench.partSize * 2)
        const [first, second] = cut(bytes.length, bench.partSize)
        const session = await bench.begin('failed', { size: bytes.length })
        const receipts = await writeParts(session, bytes, [first!])
        const broken = failingBody(slice(bytes, second!), new Error('unplugged'))
        await session.writePart(second!, broken).catch(() => {})
        const whole = (await session.listParts!()).filter((part) => part.size === bench.partSize)
        sameReceipts(bench, whole, receipts)
        await session.abort()
      },
      listParts,
    ),

    test(
      'an aborted session lists no parts',
      async (bench) => {
        const session = await bench.begin('gone')
        await bench.send(session, pattern(bench.partSize))
        await session.abort()
        await bench.rejects('listParts', session.listParts!(), 'SESSION_LOST')
      },
      listParts,
    ),

    test(
      'another process takes up a session where it was left',
      async (bench) => {
        const bytes = pattern(Math.floor(bench.partSize * 3.5))
        const [first, second, ...rest] = cut(bytes.length, bench.partSize)
        const { session, object } = await interrupted(bench, 'resumed', bytes.length)
        const before = await writeParts(session, bytes, [first!, second!])
        await elsewhere(bench, async (store) => {
          const resumed = await store.sink('resumed').resume!(afterDisk(session.state), object)
          assert.deepEqual(resumed.state, session.state, 'the state of the resumed session')
          await bench.hidden('resumed', store)
          const after = await writeParts(resumed, bytes, rest)
          await resumed.commit([...afterDisk(before), ...after])
        })
        await bench.holds('resumed', bytes)
      },
      resume,
    ),

    test(
      'a resumed session lists the parts that are there',
      async (bench) => {
        const bytes = pattern(bench.partSize * 2 + 1)
        const { session, object } = await interrupted(bench, 'relisted', bytes.length)
        const receipts = await bench.send(session, bytes)
        await elsewhere(bench, async (store) => {
          const resumed = await store.sink('relisted').resume!(afterDisk(session.state), object)
          const listed = await resumed.listParts!()
          sameReceipts(bench, listed, receipts)
          await resumed.commit(listed)
        })
        await bench.holds('relisted', bytes)
      },
      both,
    ),

    test(
      'a part can be written anew after resuming',
      async (bench) => {
        const bytes = pattern(bench.partSize * 2)
        const { session, object } = await interrupted(bench, 'anew', bytes.length)
        await bench.send(session, pattern(bytes.length, 7))
        await elsewhere(bench, async (store) => {
          const resumed = await store.sink('anew').resume!(afterDisk(session.state), object)
          await resumed.commit(await bench.send(resumed, bytes))
        })
        await bench.holds('anew', bytes)
      },
      resume,
    ),

    test(
      'a resumed session aborts everything, what came before included',
      async (bench) => {
        const { session, object } = await interrupted(bench, 'dropped', bench.partSize * 2)
        await bench.send(session, pattern(bench.partSize))
        await elsewhere(bench, async (store) => {
          const resumed = await store.sink('dropped').resume!(afterDisk(session.state), object)
          await resumed.abort()
          await bench.hidden('dropped', store)
        })
      },
      resume,
    ),

    test(
      'a resumed session still creates only, where it was told to',
      async (bench) => {
        const [other, bytes] = [pattern(bench.partSize, 1), pattern(bench.partSize, 2)]
        const object = { size: bytes.length, attributes: {}, createOnly: true }
        const session = await bench.begin('only', object)
        const receipts = await bench.send(session, bytes)
        await bench.replace('only', other)
        await elsewhere(bench, async (store) => {
          const resumed = await store.sink('only').resume!(afterDisk(session.state), object)
          await bench.rejects('the commit', resumed.commit(afterDisk(receipts)), 'ALREADY_EXISTS')
          await resumed.abort()
        })
        await bench.holds('only', other)
      },
      resume,
    ),

    test(
      'a session that is gone cannot be resumed',
      async (bench) => {
        const { session, object } = await interrupted(bench, 'gone', bench.partSize)
        await bench.send(session, pattern(bench.partSize))
        await session.abort()
        const sink = bench.store.sink('gone')
        await bench.rejects('resume', sink.resume!(afterDisk(session.state), object), 'SESSION_LOST')
        await bench.hidden('gone')
      },
      resume,
    ),

    test(
      'a state that is none is refused as a lost session',
      async (bench) => {
        const object = { attributes: {}, createOnly: false }
        const sink = bench.store.sink('garbage')
        for (const state of [null, {}, [], 'x', 7, { uploadId: 'no-such-upload' }] as Json[]) {
          await bench.rejects(
            `resume of ${JSON.stringify(state)}`,
            sink.resume!(state, object),
            'SESSION_LOST',
          )
        }
      },
      resume,
    ),
  ],
}

async function interrupted(bench: Bench, key: string, size: number) {
  const object: NewObject = { size, attributes: {}, createOnly: false }
  const session: WriteSession = await bench.begin(key, object)
  return { session, object }
}

/** Runs with a store as another process would make it. */
export async function elsewhere(bench: Bench, run: (store: Store) => Promise<void>): Promise<void> {
  const { reopen } = bench.backend
  if (!reopen) return run(bench.store)
  const store = await reopen()
  try {
    await run(store)
  } finally {
    await store.close()
  }
}

/** What is left of a value that a checkpoint has kept. */
export function afterDisk<T>(value: T): T {
  return JSON.parse(JSON.stringify(value))
}

function sameReceipts(bench: Bench, listed: readonly PartReceipt[], given: readonly PartReceipt[]): void {
  assert.deepEqual(
    listed.map(({ index, size }) => ({ index, size })),
    given.map(({ index, size }) => ({ index, size })),
  )
  for (const [n, receipt] of listed.entries()) {
    for (const field of ['etag', ...(bench.capabilities.attests ?? [])] as const) {
      const stated = receipt[field]
      // A backend may not repeat in its list what it attested at the time; it must not state another.
      if (stated !== undefined) assert.equal(stated, given[n]![field], `the ${field} of part ${n}`)
    }
  }
}
