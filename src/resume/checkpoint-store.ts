import type { Json } from '../contract/sink'

/**
 * Where checkpoints are kept: files, memory, Keyv, or anything else that maps a string to JSON. A store needs no
 * locks. What it must do is keep a checkpoint whole: `load` gives the old one or the new one, never a mixture.
 *
 * The library saves one checkpoint of an id at a time. Where two processes run the same id, the last save wins; the
 * one that resumes compares the checkpoint with what the sink holds, so a lost save costs time and never bytes.
 */
export interface CheckpointStore {
  /** What was last saved under the id, as an equal value or as JSON text; `undefined` or `null` where nothing was. */
  load(id: string): Promise<unknown>
  /** Replaces what was saved under the id. Resolves when it will survive the end of the process. */
  save(id: string, checkpoint: Json): Promise<void>
  /** Resolves too where there is nothing to delete. */
  delete(id: string): Promise<void>
}
