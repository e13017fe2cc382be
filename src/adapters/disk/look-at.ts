import { errno } from '../../contract/errno'
import type { FileStats } from './filesystem'
import type { Volume } from './volume'

/** What stands there, itself and not where it leads; `undefined` for nothing. */
export async function lookAt(volume: Volume, path: string): Promise<FileStats | undefined> {
  try {
    return await volume.fs.lstat(path, { bigint: true })
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined
    throw error
  }
}
