import { basename, dirname, join } from 'node:path'
import { errno } from '../../contract/errno'
import { TransferError } from '../../contract/errors'
import type { Committed, PartReceipt, PendingObject } from '../../contract/sink'
import type { Context } from '../../contract/source'
import { combineAll } from '../../integrity/crc64'
import { throwIfAborted } from './errors'
import type { FileStats } from './filesystem'
import { openReal } from './open-file'
import { locate } from './path'
import { syncFolder } from './publish'
import { digestOf } from './read-part'
import { parseState } from './session-state'
import { isSame, versionOf } from './stats'
import { findStaged } from './take-over'
import type { Volume } from './volume'

/**
 * Looks whether a session's staged file has become the destination. It has where that is the inode of the session:
 * and, once no staged name is left that proves it, where its bytes are those of the parts, for the inode of a file
 * that is gone is given to the next new one.
 *
 * Reads the file, at the speed of the disk. What is found is synced to the disk where the store syncs, but not claimed
 * to be: had an earlier sync failed, this one would succeed whatever was lost.
 *
 * @throws OUTCOME_UNKNOWN where the inode is right and no CRC-64 of the parts is known
 */
export async function reconcile(
  volume: Volume,
  key: string,
  location: string,
  pending: PendingObject,
  { signal, touch }: Context,
): Promise<Committed | undefined> {
  const saved = parseState(pending.session ?? null, key, location)
  const parent = dirname(key)
  const place = await locate(volume.fs, volume.root, parent === '.' ? '' : parent)
  if (place.missing.length > 0) return undefined
  const target = join(place.path, basename(key))
  const staged = await findStaged(volume, saved, place.path)
  const isOurs = (stats: FileStats | undefined): stats is FileStats =>
    stats?.isFile() === true && String(stats.ino) === saved.state.inode && Number(stats.size) === pending.size
  if (!isOurs(await lookAt(volume, target))) return undefined
  const opened = await openReal(volume, target)
  if (!opened) return undefined
  const { handle, stats } = opened
  try {
    if (!isOurs(stats)) return undefined
    if (staged === undefined) {
      const expected = pending.digests.crc64 ?? crcOf(pending.receipts)
      if (expected === undefined) throw unknown(location)
      const whole = { index: 0, start: 0, size: pending.size }
      const found = await digestOf(handle, whole, () => {
        throwIfAborted(signal, location)
        touch?.()
      })
      if (found !== expected) return undefined
    }
  } finally {
    await handle.close()
  }
  const now = await lookAt(volume, target)
  if (!now || !isSame(now, stats)) return undefined
  if (volume.fsync) await syncAbove(volume, place.path, saved.state.madeFolders)
  return { size: pending.size, version: versionOf(now), verified: [] }
}

function crcOf(receipts: readonly PartReceipt[]): string | undefined {
  const crcs = receipts.flatMap(({ crc64, size }) => (crc64 === undefined ? [] : [{ crc64, size }]))
  return crcs.length === receipts.length ? combineAll(crcs) : undefined
}

/** The folder of the file, and those that hold the folders made for it. */
async function syncAbove(volume: Volume, folder: string, made: number): Promise<void> {
  for (let path = folder, count = 0; count <= made; path = dirname(path), count++) {
    await syncFolder(volume, path)
  }
}

async function lookAt(volume: Volume, path: string): Promise<FileStats | undefined> {
  try {
    return await volume.fs.lstat(path, { bigint: true })
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errno(error) ?? '')) return undefined
    throw error
  }
}

function unknown(location: string): TransferError {
  const message = `Whether the file at ${location} is the one sent cannot be told: no CRC-64 of its parts is known. Compare it with the source.`
  return new TransferError('OUTCOME_UNKNOWN', message, { context: { location } })
}
