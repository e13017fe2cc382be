import { setImmediate } from 'node:timers/promises'
import type { ByteRange, Bytes, Context, Source } from '../../contract/source'
import type { SourceOptions } from '../../contract/store'
import { ofTask } from '../../lifecycle/task'
import { notFound, outOfRange, sourceChanged, throwIfAborted } from './errors'
import { type Bucket, locate, type StoredObject } from './objects'

const readBufferSize = 64 * 1024

export function memorySource(bucket: Bucket, key: string, options: SourceOptions = {}): Source {
  const location = locate(bucket, key)

  function find(context: Context): StoredObject {
    throwIfAborted(context.signal, location)
    const object = bucket.objects.get(key)
    if (!object) throw notFound(location)
    const wanted = context.version ?? options.version
    const found = object.info.version
    if (wanted !== undefined && wanted !== found) throw sourceChanged(location, wanted, found)
    return object
  }

  return {
    location,
    async stat(context = {}) {
      return find(context).info
    },
    async peek(limit, context = {}) {
      const { info, chunks } = find(context)
      if (info.size > limit) return { info }
      const all = { start: 0, end: info.size }
      return { info, bytes: ofTask(read(chunks, all, context.signal, location)) }
    },
    async open(range, context = {}) {
      const { info, chunks } = find(context)
      const { start, end } = range ?? { start: 0, end: info.size }
      if (start < 0 || start > end || end > info.size) throw outOfRange(location, start, end, info.size)
      return ofTask(read(chunks, { start, end }, context.signal, location))
    },
  }
}

/**
 * Copies through one small buffer, which is reused as the contract allows: a reader that keeps a chunk is found out
 * here, not in production, and none can write into the stored object.
 */
async function* read(
  chunks: readonly Uint8Array[],
  { start, end }: ByteRange,
  signal: AbortSignal | undefined,
  location: string,
): Bytes {
  const buffer = new Uint8Array(Math.min(readBufferSize, end - start))
  let offset = 0
  for (const chunk of chunks) {
    if (offset >= end) return
    const last = Math.min(end - offset, chunk.length)
    for (let at = Math.max(start - offset, 0); at < last; at += buffer.length) {
      // Bytes that are always there would otherwise keep timers, and so aborts, from ever having their turn.
      await setImmediate()
      throwIfAborted(signal, location)
      const piece = chunk.subarray(at, Math.min(last, at + buffer.length))
      buffer.set(piece)
      yield buffer.subarray(0, piece.length)
    }
    offset += chunk.length
  }
}
