import { join } from 'node:path'
import { errno } from '../../contract/errno'
import type { ObjectInfo } from '../../contract/source'
import type { ListOptions } from '../../contract/store'
import { fileError, throwIfAborted } from './errors'
import type { FolderEntry } from './filesystem'
import { lookAt } from './look-at'
import { isStillReal, locate } from './path'
import { isStagedName } from './staged-name'
import { infoOf } from './stats'
import { locationOf, type Volume } from './volume'

interface Folder {
  /** Free of symlinks. */
  readonly path: string
  /** How keys in it begin: empty, or with a slash at the end. */
  readonly prefix: string
  /** The real paths of the folders above it: one of them again would be a circle. */
  readonly above: readonly string[]
}

/** What stands at a name, seen through a symlink that stays inside the root. */
interface Entry {
  readonly key: string
  /** What it is sorted by: a folder's keys all begin with its name and a slash. */
  readonly order: Uint8Array
  readonly isFolder: boolean
  readonly path: string
}

/**
 * Walks the files under the root, one folder in memory at a time. Left out: staged files, pipes and devices, symlinks
 * that lead out of the root, nowhere or in a circle, and names that are no UTF-8, for which there is no key.
 */
export async function* listFiles(
  volume: Volume,
  prefix = '',
  { signal }: ListOptions = {},
): AsyncGenerator<ObjectInfo, void, undefined> {
  const location = locationOf(volume, '')
  const fail = (error: unknown) => fileError(error, { side: 'source', location, operation: 'list' })
  try {
    const root = await locate(volume.fs, volume.root, '')
    const folder = { path: root.path, prefix: '', above: [] }
    for await (const { key, path } of walk(volume, folder, prefix)) {
      throwIfAborted(signal, location)
      const stats = await lookAt(volume, path)
      if (stats?.isFile()) yield infoOf(key, stats)
    }
  } catch (error) {
    throw fail(error)
  }
}

async function* walk(volume: Volume, folder: Folder, prefix: string): AsyncGenerator<Entry, void, undefined> {
  if (folder.above.includes(folder.path)) return
  const above = [...folder.above, folder.path]
  for (const entry of await entriesOf(volume, folder, prefix)) {
    if (entry.isFolder) yield* walk(volume, { path: entry.path, prefix: `${entry.key}/`, above }, prefix)
    else yield entry
  }
}

/** Only those whose keys can begin with the prefix. */
async function entriesOf(volume: Volume, folder: Folder, prefix: string): Promise<Entry[]> {
  const entries: Entry[] = []
  for (const found of await read(volume, folder)) {
    const key = folder.prefix + found.name
    const wanted = key.startsWith(prefix) || `${key}/`.startsWith(prefix) || prefix.startsWith(`${key}/`)
    if (!wanted) continue
    const entry = await entryOf(volume, folder, found, key)
    if (!entry) continue
    if (entry.isFolder || (key.startsWith(prefix) && !isStagedName(found.name))) entries.push(entry)
  }
  return entries.sort((one, other) => Buffer.compare(one.order, other.order))
}

async function entryOf(
  volume: Volume,
  folder: Folder,
  found: FolderEntry,
  key: string,
): Promise<Entry | undefined> {
  const entry = (path: string, isFolder: boolean): Entry => {
    const order = Buffer.from(isFolder ? `${found.name}/` : found.name)
    return { key, order, isFolder, path }
  }
  const path = join(folder.path, found.name)
  if (found.isDirectory()) return entry(path, true)
  if (found.isFile()) return entry(path, false)
  if (!found.isSymbolicLink()) return undefined
  try {
    const target = await locate(volume.fs, volume.root, key)
    const stats = target.missing.length === 0 ? await lookAt(volume, target.path) : undefined
    return stats && entry(target.path, stats.isDirectory())
  } catch (error) {
    // It leads out of the root, in a circle, or through a file.
    if (['INVALID_KEY', 'ELOOP', 'ENOENT', 'ENOTDIR'].includes(errno(error) ?? '')) return undefined
    throw error
  }
}

async function read(volume: Volume, { path, prefix }: Folder): Promise<FolderEntry[]> {
  try {
    const entries = (await volume.fs.readdir(path, { withFileTypes: true })) as FolderEntry[]
    // Swapped for a symlink meanwhile: those names are not under the root.
    return (await isStillReal(volume.fs, path)) ? entries : []
  } catch (error) {
    // Removed since it was seen, or a file now. A root that is not there yet holds nothing; one that is a file is wrong.
    if (errno(error) === 'ENOENT' || (errno(error) === 'ENOTDIR' && prefix !== '')) return []
    throw error
  }
}
