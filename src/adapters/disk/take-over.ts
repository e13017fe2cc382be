import { basename, dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { errno } from '../../contract/errno'
import { TransferError } from '../../contract/errors'
import type { NewObject } from '../../contract/sink'
import { throwIfAborted } from './errors'
import type { FolderEntry } from './filesystem'
import { lookAt } from './look-at'
import { openReal } from './open-file'
import { lease } from './ownership'
import { isStillReal, locate } from './path'
import type { SavedSession } from './session-state'
import { removeStaged, type StagedFile } from './staged-file'
import { heldName, parseStagedName } from './staged-name'
import { identityOf } from './stats'
import type { Volume } from './volume'

/** How often the file is looked for anew because another process renamed it at the same moment. */
const attempts = 4

export interface TakenOver {
  readonly staged: StagedFile
  /** The file has its final name already: the process ended before it could tell. Nothing may be written any more. */
  readonly published: boolean
}

/**
 * Makes a staged file this process's own: by a new name, so that whoever held it finds nothing to commit or remove, and
 * after waiting until they have stopped writing. The file keeps its bytes.
 *
 * @throws SESSION_LOST where there is no such file in its folder inside the root, or only something else of its name.
 */
export async function takeOver(
  volume: Volume,
  saved: SavedSession,
  object: NewObject,
  location: string,
  signal: AbortSignal | undefined,
): Promise<TakenOver> {
  try {
    return await attempt(volume, saved, object, location, signal)
  } catch (error) {
    const code = TransferError.is(error) ? error.code : errno(error)
    // The folder is gone, or has become something else, such as a symlink that leads outside.
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'INVALID_KEY'].includes(code ?? '')) throw lost(location, error)
    throw error
  }
}

async function attempt(
  volume: Volume,
  saved: SavedSession,
  object: NewObject,
  location: string,
  signal: AbortSignal | undefined,
): Promise<TakenOver> {
  const { key } = saved.state
  const parent = dirname(key)
  const { path: folder } = await locate(volume.fs, volume.root, parent === '.' ? '' : parent)
  const target = join(folder, basename(key))
  const path = await rename(volume, saved, folder)
  throwIfAborted(signal, location)
  if (path !== undefined) {
    await pause(2 * lease)
    throwIfAborted(signal, location)
  }
  // Only now: until it was renamed, its holder could still publish it.
  const published = await openOurs(volume, saved, folder, target, path ?? join(folder, heldName(saved.name)))
  if (published) {
    const { size } = await published.handle.stat({ bigint: true })
    if (object.size !== undefined && Number(size) !== object.size) {
      await published.handle.close()
      throw lost(location)
    }
    // Created only, so it has two names: the object keeps the one it was given.
    if (path !== undefined) await removeStaged(volume, path, published.identity)
    return { staged: published, published: true }
  }
  const staged = path === undefined ? undefined : await openOurs(volume, saved, folder, path, path)
  if (!staged) throw lost(location)
  return { staged: { ...staged, target }, published: false }
}

/** The new name of the staged file, or undefined where there is none. */
async function rename(volume: Volume, saved: SavedSession, folder: string): Promise<string | undefined> {
  for (let count = 1; count <= attempts; count++) {
    const found = await findStaged(volume, saved, folder)
    if (found === undefined || !(await isStillReal(volume.fs, folder))) return undefined
    const path = join(folder, heldName(saved.name))
    try {
      await volume.fs.rename(found, path)
      return path
    } catch (error) {
      // Somebody else takes it up at this moment, or commits or aborts it: the next look tells.
      if (errno(error) !== 'ENOENT') throw error
    }
  }
  return undefined
}

/** The staged file of a session, under whatever name its holder gave it. */
export async function findStaged(
  volume: Volume,
  saved: SavedSession,
  folder: string,
): Promise<string | undefined> {
  const entries = (await volume.fs.readdir(folder, { withFileTypes: true })) as FolderEntry[]
  for (const entry of entries) {
    const name = parseStagedName(entry.name)
    if (name?.session !== saved.name.session || name.kind !== 'part' || !entry.isFile()) continue
    const path = join(folder, entry.name)
    const stats = await volume.fs.lstat(path, { bigint: true }).catch(() => undefined)
    if (stats?.isFile() && String(stats.ino) === saved.state.inode) return path
  }
  return undefined
}

/** Opens what stands at `at` if it is the session's file, which then counts as staged at `path`. */
async function openOurs(
  volume: Volume,
  { state }: SavedSession,
  folder: string,
  at: string,
  path: string,
): Promise<StagedFile | undefined> {
  const seen = await lookAt(volume, at)
  if (!seen?.isFile() || String(seen.ino) !== state.inode) return undefined
  const opened = await openReal(volume, at, volume.flags.update)
  if (!opened) return undefined
  if (String(opened.stats.ino) === state.inode && opened.stats.isFile()) {
    return { handle: opened.handle, folder, path, target: at, identity: identityOf(opened.stats) }
  }
  await opened.handle.close()
  return undefined
}

const lost = (location: string, cause?: unknown): TransferError =>
  new TransferError('SESSION_LOST', `The staged file of ${location} is gone. Transfer again.`, {
    context: { location },
    cause,
  })
