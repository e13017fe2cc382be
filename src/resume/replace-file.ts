import { open, rename, unlink } from 'node:fs/promises'
import { errno } from '../contract/errno'

/**
 * Puts text into a file so that it is the old or the new one at any moment, also after a power cut: written beside
 * it, synced, renamed over it, and the folder synced. `staged` and `path` are in `folder`.
 */
export async function replaceFile(folder: string, staged: string, path: string, text: string): Promise<void> {
  // Exclusively: whatever stands there under that name, a symlink included, is not written to.
  const handle = await open(staged, 'wx')
  try {
    try {
      await handle.writeFile(text)
      // Before the name: a power cut must not leave the name with no bytes.
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(staged, path)
  } catch (error) {
    await unlink(staged).catch(() => {})
    throw error
  }
  await syncFolder(folder)
}

/** Entries of a folder are its data: without this, a power cut takes a rename back. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    // Windows and some network file systems sync no folders.
    const incapable = ['EINVAL', 'EISDIR', 'EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']
    if (!incapable.includes(errno(error) ?? '')) throw error
  }
}
