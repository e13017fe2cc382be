import assert from 'node:assert/strict'
import type { TransferError, TransferErrorCode } from '../../contract/errors'
import type { NewObject, PartReceipt, SinkCapabilities, WriteSession } from '../../contract/sink'
import type { ByteRange, Context, ObjectInfo } from '../../contract/source'
import type { Store } from '../../contract/store'
import type { ConformanceAdapter, ConformanceBackend } from './adapter'
import { rejects, sameBytes, within } from './tools/assertions'
import { cut, readObject, writeObject, writeParts } from './tools/objects'

const defaultPartSize = 64 * 1024

/** What every test is given: one empty store, and the steps that many tests share. */
export type Bench = ReturnType<typeof createBench>

export function createBench(adapter: ConformanceAdapter, backend: ConformanceBackend) {
  const { store, secrets = [] } = backend
  const capabilities: SinkCapabilities = store.sink('conformance').capabilities
  const partSize = adapter.partSize ?? Math.max(capabilities.minPartSize ?? 1, defaultPartSize)
  const patience = patienceOf(adapter)

  const bench = {
    adapter,
    backend,
    store,
    capabilities,
    partSize,
    secrets,
    lacks: (member: NonNullable<ConformanceAdapter['without']>[number]) =>
      adapter.without?.includes(member) ?? false,

    /** Fails when the promise does not settle within the adapter's patience. */
    settles: <T>(what: string, promise: Promise<T>): Promise<T> => watched(within(patience, what, promise)),

    rejects: (
      what: string,
      promise: Promise<unknown>,
      ...codes: TransferErrorCode[]
    ): Promise<TransferError> =>
      watched(rejects(what, within(patience, what, promise), codes.length > 0 ? codes : undefined, secrets)),

    begin: (key: string, object: Partial<NewObject> = {}): Promise<WriteSession> =>
      store.sink(key).begin({ attributes: {}, createOnly: false, ...object }),

    /** Writes all the bytes, cut into parts of the usual size. */
    send: (session: WriteSession, bytes: Uint8Array): Promise<PartReceipt[]> =>
      writeParts(session, bytes, cut(bytes.length, partSize)),

    write: (key: string, bytes: Uint8Array) => writeObject(store, key, bytes, { partSize }),

    /** Puts other bytes in place, behind the adapter's back where that is possible. */
    async replace(key: string, bytes: Uint8Array): Promise<void> {
      if (backend.putRaw) await backend.putRaw(key, bytes)
      else await bench.write(key, bytes)
    },

    read: (key: string, range?: ByteRange, context?: Context) => readObject(store, key, range, context),

    /** The object is there, whole and right, by every way of looking. */
    async holds(key: string, expected: Uint8Array): Promise<ObjectInfo> {
      const info = await store.source(key).stat()
      assert.equal(info.size, expected.length, `the size of ${key}`)
      sameBytes(key, await readObject(store, key), expected)
      if (backend.getRaw) sameBytes(`${key}, read without the adapter`, await backend.getRaw(key), expected)
      return info
    },

    /** No trace of the object can be seen. */
    async hidden(key: string, from: Store = store): Promise<void> {
      await bench.rejects(`stat of ${key}, which must be invisible`, from.source(key).stat(), 'NOT_FOUND')
      await bench.rejects(`open of ${key}, which must be invisible`, from.source(key).open(), 'NOT_FOUND')
      assert.equal(await from.sink(key).stat?.(), undefined, `the sink's stat of ${key}`)
      const keys = await bench.keys('', from)
      assert.ok(!keys.includes(key), `the listing shows ${key}`)
    },

    async keys(prefix?: string, from: Store = store): Promise<string[]> {
      const keys: string[] = []
      for await (const info of from.list(prefix)) keys.push(info.key)
      return keys
    },
  }
  return bench
}

/** A test that fails elsewhere first may never await it: that is no unhandled rejection of the adapter's. */
function watched<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}

export function patienceOf(adapter: ConformanceAdapter): number {
  return adapter.patience ?? 5000
}
