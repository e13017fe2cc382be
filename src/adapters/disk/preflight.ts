import { join } from 'node:path'
import { errno } from '../../contract/errno'
import { TransferError } from '../../contract/errors'
import type { FreeSpace } from './filesystem'
import type { StagedFile } from './staged-file'
import { stagedName } from './staged-name'
import type { Volume } from './volume'

/** Refuses an object that cannot fit, before hours of moving bytes. An old object stays until the commit: it frees nothing. */
export async function requireSpace(
  volume: Volume,
  folder: string,
  needed: number,
  location: string,
): Promise<void> {
  let space: FreeSpace | undefined
  try {
    space = await volume.fs.statfs?.(folder, { bigint: true })
  } catch {
    // It is only a look ahead: a full disk shows while writing, too.
  }
  // Many network and user-space file systems state no sizes at all.
  if (!space || Number(space.blocks) === 0) return
  const available = Number(BigInt(space.bavail) * BigInt(space.bsize))
  if (available >= needed) return
  const message = `${location} needs ${needed} bytes and its disk has ${available} left. Free some space, or choose another root.`
  throw new TransferError('NO_SPACE', message, { context: { location, needed, available } })
}

const incapable = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'EMLINK']

/**
 * Refuses `createOnly` where it could not be kept. Node offers one atomic step that replaces nothing: link(2), which
 * FAT, exFAT and some network file systems lack. The other way, an empty placeholder created exclusively and then
 * renamed over, would show readers an empty object, leave it there after a crash, and replace what somebody put over
 * the placeholder in between.
 */
export async function requireLinks(volume: Volume, staged: StagedFile, location: string): Promise<void> {
  const probe = join(staged.folder, stagedName('probe'))
  try {
    await volume.fs.link?.(staged.path, probe)
    if (volume.fs.link) return await volume.fs.unlink(probe).then(() => {})
  } catch (error) {
    if (!incapable.includes(errno(error) ?? '')) throw error
  }
  const message = `The file system of ${location} has no hard links, so creating without replacing cannot be kept.`
  throw new TransferError('UNSUPPORTED', `${message} Use ifExists 'overwrite', or another root.`, {
    context: { location },
  })
}
