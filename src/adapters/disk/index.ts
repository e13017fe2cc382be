import * as nodeFileSystem from 'node:fs'
import { resolve } from 'node:path'
import { TransferError } from '../../contract/errors'
import type { Store } from '../../contract/store'
import type { HoldsUnfinished } from '../../resume/unfinished'
import { type FileSystem, missingCall, openFlags } from './filesystem'
import { normalizeKey } from './key'
import { listFiles } from './list'
import { fileSink } from './sink'
import { fileSource } from './source'
import { unfinishedFiles } from './unfinished'
import { locationOf, type Volume } from './volume'

export type {
  FileHandle,
  FileStats,
  FileSystem,
  FileSystemPromises,
  FolderEntry,
  FreeSpace,
} from './filesystem'

export interface DiskOptions {
  /**
   * The folder that holds all objects; a relative one is taken from the current directory now. It may be a symlink, and
   * is made by the first object written where it does not exist.
   */
  readonly root: string
  /** Anything shaped like node:fs, such as memfs. @default node:fs */
  readonly fs?: FileSystem
  /**
   * Whether a commit waits until bytes and name would survive a power cut. Without it the transfer is faster, and only
   * as durable as the system's cache.
   *
   * @default true
   */
  readonly fsync?: boolean
}

const known = new Set(['root', 'fs', 'fsync'])

/**
 * A folder as a store. Keys are relative paths with `/` between names; `a//b` and `./a/b` are `a/b`. No key and no
 * symlink leads outside the root. Symlinks inside it are followed when reading and in the folders of a key; one that
 * stands where an object is written is replaced, not written through.
 *
 * An object is staged beside its target as `.sluiceway-<16 hex digits>.<name>.part`, and gets its name when it is
 * complete. A small `.journal` of the same name tells which parts are whole. A process that is killed leaves both; the
 * transfer can be resumed by another one, and `sweep` removes what nobody resumes.
 *
 * A session belongs to one process at a time: the one that resumed it last. That holds for processes of one machine; on
 * a network file system, whose clients remember names for a while, an earlier holder may write for that much longer.
 *
 * A source is known by its device, inode, size and time of the last change, in nanoseconds: a file that is cut, added to,
 * written over, replaced or removed while it is read is SOURCE_CHANGED. What does not show in these is not noticed: a
 * writer that puts the time back, a second write within the same tick of the file system's clock (some milliseconds),
 * and a write through a memory mapping, of which the system may take note later.
 *
 * Each source range being read holds up to two buffers of 1 MiB, each part being written up to one of 512 KiB.
 *
 * @throws INVALID_OPTION
 */
export function disk(options: DiskOptions): Store & HoldsUnfinished {
  const volume = volumeOf(options)
  const name = locationOf(volume, '')
  return {
    name,
    source: (key, sourceOptions) => fileSource(volume, normalizeKey(key), sourceOptions),
    sink: (key, sinkOptions) => fileSink(volume, normalizeKey(key), sinkOptions),
    list: (prefix, listOptions) => listFiles(volume, prefix, listOptions),
    unfinished: (context) => unfinishedFiles(volume, context),
    async close() {
      while (volume.cleanups.size > 0) await Promise.all(volume.cleanups)
      await Promise.allSettled(Array.from(volume.openHandles, (close) => close()))
    },
  }
}

function volumeOf(options: DiskOptions): Volume {
  const invalid = (option: string, why: string): never => {
    throw new TransferError('INVALID_OPTION', `disk(): option '${option}' ${why}.`, { context: { option } })
  }
  const { root, fs = nodeFileSystem, fsync = true } = options ?? {}
  const unknown = Object.keys(options ?? {}).find((option) => !known.has(option))
  if (unknown) invalid(unknown, `is unknown; known are ${[...known].join(', ')}`)
  if (typeof root !== 'string' || root === '' || root.includes('\0'))
    invalid('root', 'must be the path of a folder')
  if (typeof fsync !== 'boolean') invalid('fsync', 'must be true or false')
  const missing = missingCall(fs)
  if (missing) invalid('fs', `must be shaped like node:fs, but lacks ${missing}`)
  return {
    root: resolve(root),
    fs: fs.promises,
    flags: openFlags(fs),
    fsync,
    madeFolders: new Map(),
    openHandles: new Set(),
    cleanups: new Set(),
  }
}
