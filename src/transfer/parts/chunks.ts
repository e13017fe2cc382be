import { TransferError } from '../../contract/errors'
import type { Bytes } from '../../contract/source'

/** Bytes being read, one chunk at a time. */
export interface Chunks {
  /** The next chunk, borrowed; undefined at the end. @throws INVALID_OPTION where it is no bytes */
  next(): Promise<Uint8Array | undefined>
  /** Frees what is behind the bytes, also while a chunk is awaited. Never waits, never throws; twice is fine. */
  free(): void
}

/** The same, as the stream itself answers. */
export interface Reading {
  next(): PromiseLike<IteratorResult<Uint8Array, unknown>>
  /** Frees what is behind the bytes; once, and not after their end. Never waits, never throws. */
  free(): void
}

/** Begins to read. */
export function readChunks(bytes: Bytes): Chunks {
  const reading = startReading(bytes)
  let over = false
  return {
    async next() {
      const chunk = chunkOf(await reading.next())
      if (!chunk) over = true
      return chunk
    },
    free() {
      if (over) return
      over = true
      reading.free()
    },
  }
}

/** Frees bytes that nobody will read. */
export function discard(bytes: Bytes): void {
  startReading(bytes).free()
}

/** Begins to read. From here on a failure of the stream is kept for whoever asks for the next chunk. */
export function startReading(bytes: Bytes): Reading {
  const { next, free } = isWebStream(bytes) ? ofWebStream(bytes) : ofIterable(bytes)
  return { next, free: () => void (async () => free())().catch(() => {}) }
}

/** Undefined at the end. @throws INVALID_OPTION where it is no bytes */
export function chunkOf({ done, value }: IteratorResult<Uint8Array, unknown>): Uint8Array | undefined {
  if (done) return undefined
  if (!(value instanceof Uint8Array)) throw notBytes(value)
  return value
}

interface Stream extends Pick<Reading, 'next'> {
  free(): unknown
}

function ofIterable(bytes: Bytes): Stream {
  const iterator = bytes[Symbol.asyncIterator]()
  const stream = bytes as { destroy?: () => void; on?: (event: 'error', listener: () => void) => void }
  if (typeof stream.destroy !== 'function') {
    return { next: () => iterator.next(), free: () => iterator.return?.() }
  }
  // A Readable that fails while nobody asks it for a chunk would end the process.
  stream.on?.('error', () => {})
  return { next: () => iterator.next(), free: () => stream.destroy?.() }
}

/** By its reader: the iterator of a web stream cannot be left while a chunk is awaited. */
function ofWebStream(stream: ReadableStream<Uint8Array>): Stream {
  const reader = stream.getReader()
  return {
    next: () => reader.read() as Promise<IteratorResult<Uint8Array, unknown>>,
    free: () => reader.cancel(),
  }
}

function isWebStream(bytes: unknown): bytes is ReadableStream<Uint8Array> {
  return typeof (bytes as Partial<ReadableStream> | undefined)?.getReader === 'function'
}

function notBytes(chunk: unknown): TransferError {
  return new TransferError(
    'INVALID_OPTION',
    `The source gives ${typeof chunk}s, not bytes: a stream must have no encoding set.`,
    { context: { option: 'source' } },
  )
}
