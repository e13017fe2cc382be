import { randomUUID } from 'node:crypto'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { errno } from '../../../contract/errno'
import { TransferError } from '../../../contract/errors'
import { MiB } from '../../plan'
import type { Holder } from './holder'

const readSize = MiB

/**
 * Holds a part in a file of the folder. The file has no name from the start, so nothing is left behind, not even by
 * a process that is killed.
 */
export async function spoolHolder(folder: string): Promise<Holder> {
  const file = await openNameless(folder)
  let length = 0
  let released = false
  return {
    async append(chunk) {
      try {
        for (let at = 0; at < chunk.byteLength; ) {
          const { bytesWritten } = await file.write(chunk, at, chunk.byteLength - at, length)
          at += bytesWritten
          length += bytesWritten
        }
      } catch (error) {
        throw spoolFailed(folder, error)
      }
    },
    async *read() {
      const buffer = Buffer.allocUnsafeSlow(readSize)
      for (let at = 0; at < length; ) {
        const { bytesRead } = await file.read(buffer, 0, Math.min(readSize, length - at), at)
        if (bytesRead === 0)
          throw spoolFailed(folder, new Error('The spool file is shorter than what was written'))
        at += bytesRead
        yield buffer.subarray(0, bytesRead)
      }
    },
    release() {
      if (released) return
      released = true
      file.close().catch(() => {})
    },
  }
}

async function openNameless(folder: string): Promise<FileHandle> {
  const path = join(folder, `.sluiceway-spool-${randomUUID()}`)
  try {
    const file = await open(path, 'wx+', 0o600)
    await unlink(path)
    return file
  } catch (error) {
    throw spoolFailed(folder, error)
  }
}

function spoolFailed(folder: string, cause: unknown): TransferError {
  const code = errno(cause)
  const full = code === 'ENOSPC' || code === 'EDQUOT'
  return new TransferError(
    full ? 'NO_SPACE' : 'INVALID_OPTION',
    full
      ? 'The spool folder has no room for the parts in flight; give it more, or use a smaller partSize.'
      : `The spool folder cannot be used (${code ?? 'error'}); it must exist and be writable.`,
    { context: { option: 'spool', spool: folder }, cause },
  )
}
