import type { Json } from '../contract/sink'
import type { Context } from '../contract/source'

/** Something half-written that a store holds: a multipart upload, a staged file. */
export interface Unfinished {
  readonly key: string
  /** What the backend calls it; on a disk the path of the staged file below the root. */
  readonly uploadId: string
  /** When it was begun; on a disk, where nothing says so, when it was last written to. */
  readonly began: Date
  /** When this process last had to do with it, where it did. */
  readonly used?: Date
  /** It bears our mark, or this process began it. */
  readonly ours: boolean
  /** Whether a saved session is the one that writes it. */
  matches(state: Json): boolean
  /** Leaves no trace of it. Resolves where it is gone already. */
  abort(context: Context): Promise<void>
}

/** A store that can tell what is half-written in it. Every store of this library is one. */
export interface HoldsUnfinished {
  /** Whatever is half-written, whoever began it. */
  unfinished(context: Context): AsyncIterable<Unfinished>
}

export function holdsUnfinished(store: object): store is HoldsUnfinished {
  return typeof (store as Partial<HoldsUnfinished>).unfinished === 'function'
}
