import { join } from 'node:path'
import type { FileSystemPromises, OpenFlags } from './filesystem'
import type { Identity } from './stats'

/** What the sources, sinks and sessions of one store share. */
export interface Volume {
  /** Absolute. */
  readonly root: string
  readonly fs: FileSystemPromises
  readonly flags: OpenFlags
  readonly fsync: boolean
  /**
   * Folders made for objects that are not committed yet. Known to all sessions: the last one to abort removes them,
   * and the first one to commit makes them stay.
   */
  readonly madeFolders: Map<string, Identity>
  /** Closes what is still open: one function for each handle. */
  readonly openHandles: Set<() => Promise<void>>
  readonly cleanups: Set<Promise<void>>
}

/** How messages and results name an object, and with an empty key the store. */
export const locationOf = (volume: Volume, key: string): string => `disk:${join(volume.root, key)}`
