import { TransferError } from '../contract/errors'
import type { Json } from '../contract/sink'
import type { CheckpointStore } from './checkpoint-store'
import { type StoreOperation, storeError } from './errors'
import { requireId, safeName } from './safe-name'

/** Keyv of version 4 or 5, and what looks like it. */
export interface KeyvLike {
  get(key: string): Promise<unknown>
  /** `false`: it was not stored. */
  set(key: string, value: Json): Promise<unknown>
  delete(key: string): Promise<unknown>
}

const prefix = 'sluiceway:checkpoint:'

/**
 * Checkpoints in Keyv, and through it in Redis, a database and more, under keys that begin with
 * `sluiceway:checkpoint:`. No expiry is set: a Keyv made with `ttl` forgets transfers that pause for longer.
 *
 * Give `throwOnErrors: true` to Keyv 5 and to its adapter, as in `new Keyv({ store: new KeyvRedis(uri, { throwOnErrors:
 * true }), throwOnErrors: true })`; where either lacks it, a store out of reach looks like one that holds nothing.
 *
 * unstorage fits with its own names handed over:
 * `keyvCheckpoints({ get: (key) => storage.getItem(key), set: (key, value) => storage.setItem(key, value),
 * delete: (key) => storage.removeItem(key) })`.
 *
 * @throws INVALID_OPTION for anything without `get`, `set` and `delete`. Its methods reject with ACCESS_DENIED,
 * NO_SPACE or SINK_FAILED.
 */
export function keyvCheckpoints(keyv: KeyvLike): CheckpointStore {
  for (const method of ['get', 'set', 'delete'] as const) {
    if (typeof (keyv as Partial<KeyvLike> | undefined)?.[method] === 'function') continue
    throw new TransferError('INVALID_OPTION', `keyvCheckpoints needs a store with a ${method} method.`, {
      context: { option: method },
    })
  }
  return {
    load: (id) => ask('load', id, (key) => keyv.get(key)),
    save: (id, checkpoint) =>
      ask('save', id, async (key) => {
        if ((await keyv.set(key, checkpoint)) === false) throw new Error('Keyv did not store the value')
      }),
    delete: (id) =>
      ask('delete', id, async (key) => {
        if ((await keyv.delete(key)) !== false) return
        // False too where there was nothing: only what is still there was not deleted.
        const left = await keyv.get(key)
        if (left !== undefined && left !== null) throw new Error('Keyv did not delete the value')
      }),
  }
}

async function ask<T>(operation: StoreOperation, id: string, run: (key: string) => Promise<T>): Promise<T> {
  const key = prefix + safeName(requireId(id))
  try {
    return await run(key)
  } catch (error) {
    throw storeError(error, operation, id)
  }
}
