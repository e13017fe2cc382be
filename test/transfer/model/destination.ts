import type { Part, Sink } from '../../../src/contract/sink'
import type { ModelProcess } from './process'

/** What stands under the destination's name. */
export interface Standing {
  /** Another one means that the object was written anew. */
  readonly id: string
  readonly bytes: Buffer
}

/** Where a model run writes to: it outlives every process. */
export interface Destination {
  /** As a process of its own would have it: nothing in memory is shared with another. */
  sink(process: ModelProcess): Sink
  /** What anyone would see there now. */
  look(): Promise<Standing | undefined>
  /** Somebody else writes there. @returns what stood there until that very moment */
  put(bytes: Buffer): Promise<Standing | undefined>
  /** Sessions that were begun and have not ended, by a name that appears in their state. */
  sessions(): Promise<string[]>
  /** The name of the session that a state belongs to. */
  sessionOf(state: unknown): string
  /** Whether the session holds exactly these bytes as that part. */
  holds(session: string, part: Part, bytes: Buffer): Promise<boolean>
  /** All sessions vanish, as by a lifecycle rule of the bucket. */
  loseSessions(): Promise<void>
  /** A part vanishes, or is cut short, or has one byte altered, in every session. */
  /** What a process has written itself is not read again: harm that comes while one of them sleeps is past finding out. */
  readonly trustsWriters?: boolean
  harmPart(index: number, how: 'vanish' | 'tear' | 'damage'): Promise<void>
}
