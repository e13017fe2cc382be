import type { TransferError } from '../../contract/errors'
import type { ByteRange } from '../../contract/source'
import { aborted } from './errors'
import type { FileHandle } from './filesystem'

/**
 * Bytes of one read. Measured on Node 20, page cache to memory, CPU seconds per GiB: 256 KiB 0.23, 512 KiB 0.12,
 * 1 MiB 0.10, 2 MiB 0.09. Two such buffers are held for each open range that is longer than one.
 */
export const readSize = 1024 * 1024

export interface Reading {
  readonly handle: FileHandle
  readonly range: ByteRange
  readonly location: string
  readonly signal?: AbortSignal
  /** A read found the end of the file at `position`, inside the range. */
  ended(position: number): Promise<TransferError>
  /** After the last byte: rejects where the bytes may be of two versions. */
  verify(): Promise<void>
  /** Makes an error of the file system one of this library. */
  fail(error: unknown): TransferError
  closed(): void
}

/**
 * A range of an open file, read into two buffers in turn, one read ahead of the consumer. The handle is closed at the
 * end, on an error, when the consumer leaves, and when the signal fires, even if nobody ever asked for a chunk.
 */
export class FileBytes implements AsyncIterableIterator<Uint8Array> {
  readonly #reading: Reading
  readonly #chunks: AsyncGenerator<Uint8Array, void, undefined>
  readonly #onAbort: () => void
  #ahead: Promise<Uint8Array> | undefined
  #closing: Promise<void> | undefined
  #ended: TransferError | undefined

  constructor(reading: Reading) {
    this.#reading = reading
    this.#chunks = this.#read()
    const { signal, location } = reading
    this.#onAbort = () => {
      this.end(aborted(signal as AbortSignal, location)).catch(() => {})
    }
    signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    return this.#chunks.next() as Promise<IteratorResult<Uint8Array, undefined>>
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    await this.#chunks.return()
    // A generator that never ran has no `finally` to run.
    await this.#close()
    return { done: true, value: undefined }
  }

  /** Closes the handle now; whoever asks for the next chunk gets `reason`. */
  end(reason: TransferError): Promise<void> {
    this.#ended ??= reason
    return this.#close()
  }

  async *#read(): AsyncGenerator<Uint8Array, void, undefined> {
    const { range, ended, verify, fail } = this.#reading
    try {
      this.#check()
      let position = range.start
      for (let turn = 0; position < range.end; turn++) {
        const chunk = await (this.#ahead ?? this.#fill(turn, position))
        this.#check()
        if (chunk.length === 0) throw await ended(position)
        position += chunk.length
        if (position < range.end) this.#fill(turn + 1, position)
        yield chunk
        this.#check()
      }
      await verify()
      this.#check()
    } catch (error) {
      // A handle closed under a read fails as well, but that is not what happened.
      throw this.#ended ?? fail(error)
    } finally {
      await this.#close()
    }
  }

  readonly #buffers: Uint8Array[] = []

  /** Reads into the buffer that the consumer does not hold. */
  #fill(turn: number, position: number): Promise<Uint8Array> {
    const { handle, range } = this.#reading
    const size = Math.min(readSize, range.end - range.start)
    this.#buffers[turn % 2] ??= Buffer.allocUnsafeSlow(size)
    const buffer = this.#buffers[turn % 2] as Uint8Array
    const length = Math.min(size, range.end - position)
    const filling = handle
      .read(buffer, 0, length, position)
      .then((read) => buffer.subarray(0, read.bytesRead))
    // Heard here too: the consumer may never ask for it.
    filling.catch(() => {})
    this.#ahead = filling
    return filling
  }

  #check(): void {
    if (this.#ended) throw this.#ended
  }

  #close(): Promise<void> {
    this.#closing ??= (async () => {
      const { handle, signal, closed } = this.#reading
      signal?.removeEventListener('abort', this.#onAbort)
      await this.#ahead?.catch(() => {})
      try {
        await handle.close()
      } finally {
        closed()
      }
    })()
    return this.#closing
  }
}
