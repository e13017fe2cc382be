import { errno } from '../../contract/errno'
import { TransferError, type TransferErrorCode } from '../../contract/errors'
import type { FileHandle, FileStats } from './filesystem'
import { isStillReal, locate } from './path'
import { isSame, requireFile } from './stats'
import { locationOf, type Volume } from './volume'

export interface OpenFile {
  readonly handle: FileHandle
  readonly stats: FileStats
}

/** How often a path is looked up anew because it changed between the look and the opening. */
const attempts = 4

/** The file behind a key, without opening it. */
export async function statFile(
  volume: Volume,
  key: string,
  restlessCode?: 'SINK_FAILED',
): Promise<FileStats> {
  const location = locationOf(volume, key)
  for (let attempt = 0; attempt < attempts; attempt++) {
    const { path, missing } = await locate(volume.fs, volume.root, key)
    if (missing.length > 0) throw notFound(location)
    const [stats, real] = await Promise.all([
      volume.fs.lstat(path, { bigint: true }),
      isStillReal(volume.fs, path),
    ])
    if (!real || stats.isSymbolicLink()) continue
    requireFile(stats, location)
    return stats
  }
  throw restless(location, restlessCode)
}

/**
 * Opens the file behind a key for reading. Node has no openat(2), so a folder or the file can be swapped for a symlink
 * between the look and the opening: what was opened must be what stands at the path afterwards, symlinks apart.
 */
export async function openFile(volume: Volume, key: string): Promise<OpenFile> {
  const location = locationOf(volume, key)
  for (let attempt = 0; attempt < attempts; attempt++) {
    const { path, missing } = await locate(volume.fs, volume.root, key)
    if (missing.length > 0) throw notFound(location)
    // Before opening: to open a device can already have an effect (a tape rewinds).
    const seen = await volume.fs.lstat(path, { bigint: true })
    if (seen.isSymbolicLink()) continue
    requireFile(seen, location)
    const opened = await openReal(volume, path)
    if (!opened) continue
    try {
      requireFile(opened.stats, location)
    } catch (error) {
      await opened.handle.close()
      throw error
    }
    return opened
  }
  throw restless(location)
}

/** Opens what stands at a path that is free of symlinks; undefined where a symlink has come into it. */
export async function openReal(
  volume: Volume,
  path: string,
  flags = volume.flags.read,
): Promise<OpenFile | undefined> {
  let handle: FileHandle
  try {
    handle = await volume.fs.open(path, flags)
  } catch (error) {
    // O_NOFOLLOW met a symlink that was no symlink a moment ago.
    if (errno(error) === 'ELOOP') return undefined
    throw error
  }
  try {
    const [stats, now, real] = await Promise.all([
      handle.stat({ bigint: true }),
      volume.fs.lstat(path, { bigint: true }),
      isStillReal(volume.fs, path),
    ])
    if (real && isSame(stats, now)) return { handle, stats }
  } catch (error) {
    await handle.close()
    throw error
  }
  await handle.close()
  return undefined
}

const notFound = (location: string): TransferError =>
  new TransferError('NOT_FOUND', `There is no file at ${location}.`, { context: { location } })

const restless = (location: string, code: TransferErrorCode = 'SOURCE_CHANGED'): TransferError =>
  new TransferError(code, `${location} was replaced each time it was looked at. Try again.`, {
    retry: 'temporary',
    context: { location },
  })
