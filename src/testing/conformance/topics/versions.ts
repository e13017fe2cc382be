import assert from 'node:assert/strict'
import { TransferError } from '../../../contract/errors'
import type { Bench } from '../bench'
import { type Topic, test } from '../test'
import { isTransferError, sameBytes } from '../tools/assertions'
import { collect, readObject } from '../tools/objects'
import { pattern } from '../tools/pattern'

export const versions: Topic = {
  name: 'versions',
  tests: [
    test('the version stays until the bytes change', async (bench) => {
      const source = bench.store.source('kept')
      await bench.write('kept', pattern(100, 1))
      const { version } = await source.stat()
      assert.equal((await source.stat()).version, version)
      // The same size, and within the same clock tick: neither may hide the change.
      await bench.replace('kept', pattern(100, 2))
      assert.notEqual((await source.stat()).version, version, 'other bytes have the same version')
    }),

    test('the pinned version can be opened while it is there', async (bench) => {
      const bytes = pattern(bench.partSize)
      await bench.write('pinned', bytes)
      const { version } = await bench.store.source('pinned').stat()
      sameBytes('the whole', await bench.read('pinned', undefined, { version }), bytes)
      const range = { start: 10, end: 20 }
      sameBytes('a range', await bench.read('pinned', range, { version }), bytes.subarray(10, 20))
      sameBytes('by option', await collect(await bench.store.source('pinned', { version }).open()), bytes)
    }),

    test('a replaced version is SOURCE_CHANGED', async (bench) => {
      const { old, version } = await replaced(bench)
      await oldOrChanged('the whole', old, () => bench.read('replaced', undefined, { version }))
      const range = { start: 10, end: 20 }
      await oldOrChanged('a range', old.subarray(10, 20), () => bench.read('replaced', range, { version }))
    }),

    test('a source made for one version gives no other', async (bench) => {
      const { old, version } = await replaced(bench)
      const source = bench.store.source('replaced', { version })
      await oldOrChanged('the source of that version', old, async () => collect(await source.open()))
    }),

    test('a body whose object is replaced meanwhile never mixes the two', async (bench) => {
      // Large, so that the reader cannot have all of it in a buffer when the object is replaced.
      const size = Math.max(bench.partSize * 3, 4 * 1024 * 1024)
      const [old, young] = [pattern(size, 1), pattern(size, 2)]
      await bench.write('mixed', old)
      const source = bench.store.source('mixed')
      const { version } = await source.stat()
      const iterator = (await source.open(undefined, { version }))[Symbol.asyncIterator]()
      const first = await iterator.next()
      const chunks = [new Uint8Array(first.value as Uint8Array)]
      await bench.replace('mixed', young)
      await oldOrFailed(old, async () => {
        for await (const chunk of { [Symbol.asyncIterator]: () => iterator })
          chunks.push(new Uint8Array(chunk))
        return Buffer.concat(chunks)
      })
    }),

    test('the version that a listing shows can be opened', async (bench) => {
      const bytes = pattern(1000)
      await bench.write('listed', bytes)
      let listed = 0
      for await (const { key, version } of bench.store.list('listed')) {
        sameBytes(key, await readObject(bench.store, key, undefined, { version }), bytes)
        listed++
      }
      assert.equal(listed, 1, 'objects that were listed')
    }),
  ],
}

async function replaced(bench: Bench) {
  const old = pattern(1000, 1)
  await bench.write('replaced', old)
  const { version } = await bench.store.source('replaced').stat()
  await bench.replace('replaced', pattern(1000, 2))
  return { old, version }
}

/** A store that keeps old versions may still give them. */
async function oldOrChanged(what: string, old: Uint8Array, read: () => Promise<Uint8Array>): Promise<void> {
  const outcome = await read().catch((error: unknown) => isTransferError(what, error, ['SOURCE_CHANGED'], []))
  if (!TransferError.is(outcome)) sameBytes(what, outcome, old)
}

async function oldOrFailed(old: Uint8Array, read: () => Promise<Uint8Array>): Promise<void> {
  const what = 'a body whose object was replaced'
  const outcome = await read().catch((error: unknown) => isTransferError(what, error, undefined, []))
  if (!TransferError.is(outcome)) sameBytes(what, outcome, old)
}
