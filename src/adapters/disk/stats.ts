import { TransferError } from '../../contract/errors'
import type { ObjectInfo } from '../../contract/source'
import type { FileStats } from './filesystem'

/** Which file this is, whatever its name. */
export interface Identity {
  readonly dev: bigint
  readonly ino: bigint
}

export const identityOf = (stats: FileStats): Identity => ({ dev: BigInt(stats.dev), ino: BigInt(stats.ino) })

export const isSame = (one: FileStats | Identity, other: FileStats | Identity): boolean =>
  BigInt(one.dev) === BigInt(other.dev) && BigInt(one.ino) === BigInt(other.ino)

/**
 * Device, inode, size and time of the last change. Not ctime: a new link or mode changes that and not one byte.
 * Milliseconds where a module has no nanoseconds.
 */
export function versionOf(stats: FileStats): string {
  const mtimeNs = stats.mtimeNs ?? BigInt(Math.round(Number(stats.mtimeMs) * 1e6))
  return `${stats.dev}-${stats.ino}-${stats.size}-${mtimeNs}`
}

export const infoOf = (key: string, stats: FileStats): ObjectInfo => ({
  key,
  size: Number(stats.size),
  version: versionOf(stats),
  lastModified: new Date(Number(stats.mtimeMs)),
})

/** Refuses what is no regular file: opening a pipe waits for its other end, and reading a device may never end. */
export function requireFile(stats: FileStats, location: string): void {
  if (stats.isFile()) return
  const kind = stats.isDirectory() ? 'a folder' : 'a pipe, a socket or a device'
  throw new TransferError('UNSUPPORTED', `${location} is ${kind}. Only regular files are objects.`, {
    context: { location, kind },
  })
}
