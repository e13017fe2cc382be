import type { Json } from '../../src/contract/sink'
import { type Checkpoint, decodeCheckpoint } from '../../src/resume/checkpoint'
import type { CheckpointStore } from '../../src/resume/checkpoint-store'

interface Call {
  readonly checkpoint: Checkpoint
  /** The store has done it. */
  land(): Promise<void>
  fail(error: unknown): Promise<void>
}

/** A store whose saves take until the test says so, and land only then. */
export function gatedStore() {
  const kept = new Map<string, Json>()
  const saves: Call[] = []
  const deletes: string[] = []
  const store: CheckpointStore = {
    load: async (id) => kept.get(id),
    save: (id, encoded) =>
      new Promise((resolve, reject) => {
        saves.push({
          checkpoint: decodeCheckpoint(encoded)!,
          land: () => {
            kept.set(id, encoded)
            resolve()
            return settled()
          },
          fail: (error) => {
            reject(error)
            return settled()
          },
        })
      }),
    delete: async (id) => {
      deletes.push(id)
      kept.delete(id)
    },
  }
  return { store, kept, saves, deletes }
}

/** All that can happen without a timer has happened. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve()
}

/** Tells whether a promise has settled, without waiting for it. */
export function watch(promise: Promise<unknown>): { settled: boolean } {
  const seen = { settled: false }
  const see = () => {
    seen.settled = true
  }
  promise.then(see, see)
  return seen
}
