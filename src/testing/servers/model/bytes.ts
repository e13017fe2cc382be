/** Bytes that the server holds, or can make. */
export interface StoredBytes {
  readonly size: number
  /** Chunks are read-only: synthetic ones are slices of a shared tile. */
  read(start: number, end: number): AsyncIterable<Uint8Array>
  dispose(): Promise<void>
}

export interface BytesWriter {
  write(chunk: Uint8Array): void | Promise<void>
  finish(): Promise<StoredBytes>
  discard(): Promise<void>
}

export interface BytesStore {
  create(): Promise<BytesWriter>
}

/**
 * Counts who still uses the bytes: a GET under way keeps the object it began with, as a real store does, when the
 * object is overwritten meanwhile.
 */
export class SharedBytes {
  #users = 1

  constructor(private readonly bytes: StoredBytes) {}

  get size(): number {
    return this.bytes.size
  }

  read(start: number, end: number): AsyncIterable<Uint8Array> {
    return this.bytes.read(start, end)
  }

  retain(): this {
    this.#users += 1
    return this
  }

  async release(): Promise<void> {
    this.#users -= 1
    if (this.#users === 0) await this.bytes.dispose()
  }
}

/** The parts of a multipart upload, end to end. */
export function joinBytes(parts: readonly SharedBytes[]): StoredBytes {
  const size = parts.reduce((sum, part) => sum + part.size, 0)
  return {
    size,
    async *read(start, end) {
      let offset = 0
      for (const part of parts) {
        const from = Math.max(start - offset, 0)
        const to = Math.min(end - offset, part.size)
        if (from < to) yield* part.read(from, to)
        offset += part.size
      }
    },
    async dispose() {
      for (const part of parts) await part.release()
    },
  }
}
