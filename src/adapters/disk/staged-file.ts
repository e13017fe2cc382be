import { basename, dirname, join } from 'node:path'
import { errno } from '../../contract/errno'
import { TransferError } from '../../contract/errors'
import type { FileHandle } from './filesystem'
import { madeAbove, makeFolders, removeFolders } from './folders'
import { isStillReal, locate } from './path'
import { stagedName } from './staged-name'
import { type Identity, identityOf, isSame, requireFile } from './stats'
import type { Volume } from './volume'

/** A new file beside its target, and on the same file system, so that renaming it is one step. */
export interface StagedFile {
  readonly handle: FileHandle
  /** Free of symlinks, as are the paths in it. */
  readonly folder: string
  readonly path: string
  readonly target: string
  readonly identity: Identity
}

/** How often folders are looked up anew because they were removed or swapped before the file was created. */
const attempts = 4

/** Mode of a normal new file; the umask takes its part. */
const mode = 0o666

/** Makes the folders the key lacks and an empty staged file in the last one. */
export async function createStagedFile(volume: Volume, key: string, location: string): Promise<StagedFile> {
  for (let attempt = 1; ; attempt++) {
    const target = await checkTarget(volume, key, location)
    const place = await locate(volume.fs, volume.root, parentOf(key))
    try {
      await makeFolders(volume, place)
      const staged = await create(volume, place.path, target)
      if (staged) return staged
    } catch (error) {
      await removeFolders(volume, madeAbove(volume, place.path)).catch(() => {})
      // Another transfer that aborted has just removed the folder it had made, or the random name is taken.
      if (attempt === attempts || !['ENOENT', 'EEXIST'].includes(errno(error) ?? '')) throw error
    }
    if (attempt === attempts) {
      throw new TransferError('SINK_FAILED', `The folder of ${location} was replaced each time. Try again.`, {
        retry: 'temporary',
        context: { location },
      })
    }
  }
}

/** The target's name, after refusing a target that leaves the root or that no file may replace. */
async function checkTarget(volume: Volume, key: string, location: string): Promise<string> {
  const { path, missing } = await locate(volume.fs, volume.root, key)
  if (missing.length === 0) requireFile(await volume.fs.lstat(path, { bigint: true }), location)
  return basename(key)
}

async function create(volume: Volume, folder: string, name: string): Promise<StagedFile | undefined> {
  const { fs, flags } = volume
  const path = join(folder, stagedName(name))
  const handle = await fs.open(path, flags.create, mode)
  let staged: StagedFile | undefined
  try {
    const identity = identityOf(await handle.stat({ bigint: true }))
    staged = { handle, folder, path, target: join(folder, name), identity }
    // Without openat(2), the folder can have been swapped for a symlink that leads outside.
    const [now, real] = await Promise.all([fs.lstat(path, { bigint: true }), isStillReal(fs, folder)])
    if (real && isSame(now, identity)) return staged
  } catch (error) {
    if (staged) await discardStagedFile(volume, staged)
    else await handle.close().catch(() => {})
    throw error
  }
  await discardStagedFile(volume, staged)
  return undefined
}

/** Takes back a begin that failed; why it failed is what counts, so nothing that goes wrong here is told. */
export async function discardStagedFile(volume: Volume, staged: StagedFile): Promise<void> {
  await staged.handle.close().catch(() => {})
  await removeStaged(volume, staged.path, staged.identity).catch(() => {})
  await removeFolders(volume, madeAbove(volume, staged.folder)).catch(() => {})
}

/** Unlinks the file at `path` if it is the staged one, and nothing else that was put there. Says whether it did. */
export async function removeStaged(volume: Volume, path: string, identity: Identity): Promise<boolean> {
  try {
    if (!isSame(await volume.fs.lstat(path, { bigint: true }), identity)) return false
    await volume.fs.unlink(path)
    return true
  } catch (error) {
    if (errno(error) !== 'ENOENT') throw error
    return false
  }
}

const parentOf = (key: string): string => {
  const parent = dirname(key)
  return parent === '.' ? '' : parent
}
