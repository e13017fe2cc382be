import { TransferError } from '../../contract/errors'
import type { ByteRange, Bytes, Context, Peek, Source } from '../../contract/source'
import type { SourceOptions } from '../../contract/store'
import { ofTask } from '../../lifecycle/task'
import { fileError, throwIfAborted } from './errors'
import { FileBytes } from './file-bytes'
import type { FileHandle, FileStats } from './filesystem'
import { openFile, statFile } from './open-file'
import { infoOf, versionOf } from './stats'
import { locationOf, type Volume } from './volume'

/** The file behind a normalized key. */
export function fileSource(volume: Volume, key: string, options: SourceOptions = {}): Source {
  const location = locationOf(volume, key)
  const fail = (operation: string, version?: string) => (error: unknown) => {
    const failure = fileError(error, { side: 'source', location, operation })
    return version !== undefined && failure.code === 'NOT_FOUND' ? gone(failure, location) : failure
  }

  return {
    location,

    async stat(context: Context = {}) {
      const { signal, version = options.version } = context
      throwIfAborted(signal, location)
      try {
        const stats = await statFile(volume, key)
        requireVersion(version, stats, location)
        throwIfAborted(signal, location)
        return infoOf(key, stats)
      } catch (error) {
        throw fail('look at', context.version)(error)
      }
    },

    open: (range?: ByteRange, context: Context = {}) =>
      opened(context, ({ stats, read }) => read(checkedRange(range, Number(stats.size), location))),

    peek: (limit: number, context: Context = {}) =>
      opened<Peek>(context, async ({ handle, stats, read }) => {
        const info = infoOf(key, stats)
        const size = Number(stats.size)
        if (size <= limit) return { info, bytes: read({ start: 0, end: size }) }
        await handle.close()
        return { info }
      }),
  }

  /** The file, open and of the right version; it is closed by its bytes, or where `use` throws. */
  async function opened<T>(context: Context, use: (file: Opened) => T | Promise<T>): Promise<T> {
    const { signal, version = options.version } = context
    throwIfAborted(signal, location)
    try {
      const { handle, stats } = await openFile(volume, key)
      try {
        throwIfAborted(signal, location)
        requireVersion(version, stats, location)
        const read = (range: ByteRange) =>
          ofTask(openBytes(volume, handle, stats, range, location, signal, fail('read')))
        return await use({ handle, stats, read })
      } catch (error) {
        await handle.close().catch(() => {})
        throw error
      }
    } catch (error) {
      throw fail('open', context.version)(error)
    }
  }
}

interface Opened {
  readonly handle: FileHandle
  readonly stats: FileStats
  read(range: ByteRange): Bytes
}

function openBytes(
  volume: Volume,
  handle: FileHandle,
  opened: FileStats,
  range: ByteRange,
  location: string,
  signal: AbortSignal | undefined,
  fail: (error: unknown) => TransferError,
): FileBytes {
  const size = Number(opened.size)
  const requireUnchanged = async () =>
    requireVersion(versionOf(opened), await handle.stat({ bigint: true }), location)

  const bytes = new FileBytes({
    handle,
    range,
    location,
    signal,
    fail,
    async ended(position) {
      await requireUnchanged()
      const message = `${location} says it has ${size} bytes, but ended at ${position}. Check the disk.`
      return new TransferError('TRUNCATED', message, { context: { location, size, position } })
    },
    async verify() {
      await requireUnchanged()
      // Files under /proc and /sys state no size, or a wrong one: they would be copied as empty.
      if (range.end < size || (await handle.read(Buffer.alloc(1), 0, 1, size)).bytesRead === 0) return
      await requireUnchanged()
      const message = `${location} says it has ${size} bytes, but has more. Read it as a stream of unknown size.`
      throw new TransferError('INTEGRITY', message, { context: { location, size } })
    },
    closed: () => volume.openHandles.delete(close),
  })
  const close = () =>
    bytes.end(new TransferError('ABORTED', `The store was closed while ${location} was being read.`))
  volume.openHandles.add(close)
  return bytes
}

function requireVersion(expected: string | undefined, stats: FileStats, location: string): void {
  const found = versionOf(stats)
  if (expected === undefined || expected === found) return
  throw new TransferError('SOURCE_CHANGED', `${location} is not the file it was. Transfer it again.`, {
    context: { location, expected, found },
  })
}

/** What was seen earlier and is missing now has changed. */
const gone = (cause: TransferError, location: string): TransferError =>
  new TransferError(
    'SOURCE_CHANGED',
    `${location} is gone, though it was there. Transfer it again when it is back.`,
    {
      context: cause.context,
      cause,
    },
  )

function checkedRange(range: ByteRange | undefined, size: number, location: string): ByteRange {
  if (!range) return { start: 0, end: size }
  const { start, end } = range
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start) {
    throw new TransferError('INVALID_OPTION', `The range ${start} to ${end} of ${location} is none.`, {
      context: { location, start, end },
    })
  }
  if (end <= size) return { start, end }
  throw new TransferError('TRUNCATED', `${location} has ${size} bytes, fewer than the ${end} asked for.`, {
    context: { location, size, start, end },
  })
}
