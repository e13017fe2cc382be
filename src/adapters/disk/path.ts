import { basename, dirname, join, resolve, sep } from 'node:path'
import { errno } from '../../contract/errno'
import { TransferError } from '../../contract/errors'
import type { FileSystemPromises } from './filesystem'

/** Where a path leads when every symlink is followed, as far as it exists. */
export interface Place {
  /** Free of symlinks. */
  readonly existing: string
  /** Names below `existing` that are not there yet. */
  readonly missing: readonly string[]
  /** Both together. */
  readonly path: string
}

/** The most symlinks followed on one way, as Linux counts. */
const mostLinks = 40

/**
 * Follows every symlink of root and key, dangling ones too, and refuses to leave the root. The root itself may be a
 * symlink. An empty key is the root. The answer holds for the moment only: whoever opens the path looks again.
 *
 * @throws INVALID_KEY where a symlink leads out of the root; errors of the file system as they are.
 */
export async function locate(fs: FileSystemPromises, root: string, key: string): Promise<Place> {
  const [base, place] = await Promise.all([settle(fs, root), settle(fs, join(root, ...key.split('/')))])
  if (!isInside(base.path, place.path)) {
    throw new TransferError('INVALID_KEY', `The key leads out of the root through a symlink: ${key}`, {
      context: { key, root },
    })
  }
  return place
}

/** Whether no symlink has come into a path that had none. */
export async function isStillReal(fs: FileSystemPromises, path: string): Promise<boolean> {
  return String(await fs.realpath(path)) === path
}

function isInside(root: string, path: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep)
}

async function settle(fs: FileSystemPromises, path: string, links = mostLinks): Promise<Place> {
  try {
    const existing = String(await fs.realpath(path))
    return { existing, missing: [], path: existing }
  } catch (error) {
    if (errno(error) !== 'ENOENT' || dirname(path) === path || links === 0) throw error
  }
  const parent = await settle(fs, dirname(path), links)
  const name = basename(path)
  if (parent.missing.length === 0) {
    // realpath says nothing of a dangling symlink, and creating a file through one would follow it.
    const target = await readlink(fs, join(parent.existing, name))
    if (target !== undefined) return settle(fs, resolve(parent.existing, target), links - 1)
  }
  const missing = [...parent.missing, name]
  return { existing: parent.existing, missing, path: join(parent.existing, ...missing) }
}

async function readlink(fs: FileSystemPromises, path: string): Promise<string | undefined> {
  try {
    return String(await fs.readlink(path))
  } catch (error) {
    // EINVAL: it is no symlink. UNKNOWN is how Windows says so.
    if (['ENOENT', 'EINVAL', 'UNKNOWN'].includes(errno(error) ?? '')) return undefined
    throw error
  }
}
