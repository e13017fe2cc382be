import type { CheckpointStore } from './checkpoint-store'
import { requireId } from './safe-name'

/** Checkpoints for as long as the process lives: a transfer that failed can be taken up by the next call. */
export function memoryCheckpoints(): CheckpointStore {
  // As text: what is loaded is a copy, as from any other store.
  const saved = new Map<string, string>()
  return {
    async load(id) {
      const text = saved.get(requireId(id))
      return text === undefined ? undefined : JSON.parse(text)
    },
    async save(id, checkpoint) {
      saved.set(requireId(id), JSON.stringify(checkpoint))
    },
    async delete(id) {
      saved.delete(requireId(id))
    },
  }
}
