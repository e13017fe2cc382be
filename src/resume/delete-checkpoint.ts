import type { TransferError } from '../contract/errors'
import { within } from '../contract/within'
import type { CheckpointStore } from './checkpoint-store'
import { storeError, storeTimeout } from './errors'

/** Deletes a checkpoint. Never rejects: what fails is told. */
export async function deleteCheckpoint(
  store: CheckpointStore,
  id: string,
  failed: (error: TransferError) => void,
): Promise<true> {
  try {
    await store.delete(id)
  } catch (error) {
    failed(storeError(error, 'delete', id))
  }
  return true
}

/** The same, and tells of a store that has not answered after so many milliseconds, instead of waiting for it. */
export async function deleteWithin(
  timeoutMs: number,
  store: CheckpointStore,
  id: string,
  failed: (error: TransferError) => void,
): Promise<void> {
  if (await within(timeoutMs, deleteCheckpoint(store, id, failed), false)) return
  failed(storeTimeout('delete', id, timeoutMs))
}
