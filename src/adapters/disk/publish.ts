import { dirname } from 'node:path'
import { errno } from '../../contract/errno'
import { TransferError } from '../../contract/errors'
import type { EarlySync } from './early-sync'
import type { FileStats } from './filesystem'
import { lookAt } from './look-at'
import { isStillReal } from './path'
import { removeStaged, type StagedFile } from './staged-file'
import { isSame, requireFile, versionOf } from './stats'
import type { Volume } from './volume'

export interface Publication {
  readonly staged: StagedFile
  readonly location: string
  /** Bytes the file must have. */
  readonly size: number
  readonly createOnly: boolean
  /** Folders whose own entries must survive a power cut too. */
  readonly madeFolders: readonly string[]
}

/** Bytes to the disk, in the file's own right: before the name, or a power cut leaves the name with no bytes. */
export async function seal(volume: Volume, staged: StagedFile, early?: EarlySync): Promise<void> {
  try {
    await early?.settled()
    if (volume.fsync) await staged.handle.sync?.()
  } finally {
    // Before renaming: network file systems report on closing what they could not write, and Windows renames no
    // open file.
    await staged.handle.close()
  }
}

/**
 * Gives a sealed file its final name, whole, in one step. Asking again after it worked, or after an answer that was
 * lost, finds it by its inode and changes nothing.
 *
 * @returns the version, and whether the name is synced to the disk.
 * @throws ALREADY_EXISTS, SESSION_LOST, UNSUPPORTED; OUTCOME_UNKNOWN where the file may have its name.
 */
export async function publish(
  volume: Volume,
  publication: Publication,
): Promise<{ version: string; synced: boolean }> {
  const { staged, createOnly } = publication
  const sealed = await lookAt(volume, staged.path)
  if (sealed && isSame(sealed, staged.identity)) {
    await name(volume, publication, sealed)
  } else {
    requireOurs(await lookAt(volume, staged.target), publication)
  }
  if (createOnly) {
    // The object is complete: a second name that could not be removed is a leftover, and no reason to fail.
    await removeStaged(volume, staged.path, staged.identity).catch(() => {})
  }
  const synced = volume.fsync && staged.handle.sync !== undefined && (await syncFolders(volume, publication))
  const final = await lookAt(volume, staged.target)
  const stats = final && isSame(final, staged.identity) ? final : sealed
  return { version: versionOf(requireOurs(stats, publication)), synced }
}

async function name(volume: Volume, publication: Publication, sealed: FileStats): Promise<void> {
  const { staged, location, size, createOnly } = publication
  if (Number(sealed.size) !== size) {
    throw new TransferError('INTEGRITY', `The staged file of ${location} has not the size it must have.`, {
      context: { location, expected: size, found: Number(sealed.size) },
    })
  }
  if (!(await isStillReal(volume.fs, staged.folder))) {
    throw new TransferError(
      'INVALID_KEY',
      `The folder of ${location} has become a symlink. Look who did that.`,
      {
        context: { location },
      },
    )
  }
  const standing = await lookAt(volume, staged.target)
  if (standing && !standing.isSymbolicLink() && !createOnly) requireFile(standing, location)
  try {
    // link(2) fails where anything stands, which rename(2) would replace.
    if (createOnly) await volume.fs.link?.(staged.path, staged.target)
    else await volume.fs.rename(staged.path, staged.target)
  } catch (error) {
    await settle(volume, publication, error)
  }
}

/** A server can have renamed and lost its answer: the inode under the final name tells. */
async function settle(volume: Volume, { staged, location }: Publication, error: unknown): Promise<void> {
  let found: FileStats | undefined
  try {
    found = await lookAt(volume, staged.target)
  } catch {
    throw unknown(location, error).with({ retry: 'temporary' })
  }
  if (found && isSame(found, staged.identity)) return
  if (errno(error) !== 'EEXIST') throw error
  throw new TransferError(
    'ALREADY_EXISTS',
    `There is an object at ${location} already; it was left as it is.`,
    {
      context: { location },
      cause: error,
    },
  )
}

function requireOurs(found: FileStats | undefined, { staged, location }: Publication): FileStats {
  if (found && isSame(found, staged.identity)) return found
  throw new TransferError('SESSION_LOST', `The staged file of ${location} is gone. Transfer again.`, {
    context: { location, staged: staged.path },
  })
}

/** Folder entries are data of their folder: without this, a power cut takes the name back. */
async function syncFolders(volume: Volume, { staged, location, madeFolders }: Publication): Promise<boolean> {
  const folders = new Set([staged.folder, ...madeFolders.map((made) => dirname(made))])
  try {
    const results = await Promise.all(Array.from(folders, (folder) => syncFolder(volume, folder)))
    return results.every(Boolean)
  } catch (error) {
    throw unknown(location, error)
  }
}

/** False where the platform syncs no folders: Windows, and some network file systems. */
export async function syncFolder(volume: Volume, folder: string): Promise<boolean> {
  try {
    const handle = await volume.fs.open(folder, volume.flags.folder)
    try {
      await handle.sync?.()
    } finally {
      await handle.close()
    }
    return true
  } catch (error) {
    const incapable = ['EINVAL', 'EISDIR', 'EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']
    if (incapable.includes(errno(error) ?? '')) return false
    throw error
  }
}

const unknown = (location: string, cause: unknown): TransferError =>
  new TransferError(
    'OUTCOME_UNKNOWN',
    `The object may stand at ${location}, but the disk did not confirm it. Compare it with the source.`,
    { context: { location }, cause },
  )
