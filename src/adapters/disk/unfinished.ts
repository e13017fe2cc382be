import { join } from 'node:path'
import { errno } from '../../contract/errno'
import type { Context } from '../../contract/source'
import type { Unfinished } from '../../resume/unfinished'
import { fileError, throwIfAborted } from './errors'
import type { FileStats, FolderEntry } from './filesystem'
import { lookAt } from './look-at'
import { isStillReal, locate } from './path'
import { removeStaged } from './staged-file'
import { journalName, parseStagedName, type StagedName } from './staged-name'
import { identityOf } from './stats'
import { locationOf, type Volume } from './volume'

/** A staged file that was found, or a journal. */
interface Found {
  readonly name: StagedName
  /** Free of symlinks. */
  readonly folder: string
  readonly path: string
  /** Below the root. */
  readonly id: string
  readonly prefix: string
  readonly stats: FileStats
}

/**
 * The staged files below the root, and journals that have none. Folders are entered, symlinks are not: what they lead
 * to inside the root is found there.
 */
export async function* unfinishedFiles(
  volume: Volume,
  { signal }: Context = {},
): AsyncGenerator<Unfinished, void, undefined> {
  const location = locationOf(volume, '')
  const fail = (operation: string) => (error: unknown) =>
    fileError(error, { side: 'sink', location, operation })
  try {
    const root = await locate(volume.fs, volume.root, '')
    for await (const found of walk(volume, root.path, '')) {
      throwIfAborted(signal, location)
      yield {
        key: found.prefix + found.name.start,
        uploadId: found.id,
        began: new Date(Number(found.stats.mtimeMs)),
        ours: true,
        matches: () => true,
        abort: async () => {
          await remove(volume, found).catch((error: unknown) => {
            throw fail(`remove ${found.id} from`)(error)
          })
        },
      }
    }
  } catch (error) {
    throw fail('look for staged files in')(error)
  }
}

async function* walk(volume: Volume, folder: string, prefix: string): AsyncGenerator<Found, void, undefined> {
  const entries = await read(volume, folder, prefix)
  const staged = entries.flatMap((entry) => {
    const name = entry.isFile() ? parseStagedName(entry.name) : undefined
    return name ? [{ entry, name }] : []
  })
  const sessions = new Set(staged.filter(({ name }) => name.kind === 'part').map(({ name }) => name.session))
  for (const { entry, name } of staged) {
    // A journal goes with its staged file.
    if (name.kind === 'journal' && sessions.has(name.session)) continue
    const path = join(folder, entry.name)
    const stats = await lookAt(volume, path)
    if (stats?.isFile()) yield { name, folder, path, id: prefix + entry.name, prefix, stats }
  }
  for (const { name } of entries.filter((entry) => entry.isDirectory())) {
    yield* walk(volume, join(folder, name), `${prefix}${name}/`)
  }
}

async function read(volume: Volume, folder: string, prefix: string): Promise<FolderEntry[]> {
  try {
    const entries = (await volume.fs.readdir(folder, { withFileTypes: true })) as FolderEntry[]
    // Swapped for a symlink meanwhile: those files are not under the root.
    return (await isStillReal(volume.fs, folder)) ? entries : []
  } catch (error) {
    if (errno(error) === 'ENOENT' || (errno(error) === 'ENOTDIR' && prefix !== '')) return []
    throw error
  }
}

/** One that was taken up since it was seen has another name, and stays, with its journal. */
async function remove(volume: Volume, { name, folder, path, stats }: Found): Promise<void> {
  if (!(await isStillReal(volume.fs, folder))) return
  const removed = await removeStaged(volume, path, identityOf(stats))
  if (!removed || name.kind === 'journal') return
  try {
    await volume.fs.unlink(join(folder, journalName(name)))
  } catch (error) {
    if (errno(error) !== 'ENOENT') throw error
  }
}
