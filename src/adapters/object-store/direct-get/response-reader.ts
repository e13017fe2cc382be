import { parseResponseHead, type ResponseHead } from './response-head'

/** Bytes; that of Node's own client, so that both ways take the same heads. */
const maxHeadSize = 16 * 1024
const headEnd = Buffer.from('\r\n\r\n')

/** The response cannot be read in the direct way; nothing of its body has been handed out. */
export class InDoubt extends Error {}

/** Which of the two buffers of a connection. */
export type BufferIndex = 0 | 1

export interface Chunk {
  readonly bytes: Uint8Array
  /** The buffer that holds the bytes, to be given back when they have been read; missing where they are a copy. */
  readonly buffer?: BufferIndex
}

/** Turns what a connection receives into the head and the body of one response. */
export class ResponseReader {
  /** What has come of the head, until it is whole. */
  #received = Buffer.alloc(0)
  #head: ResponseHead | undefined
  #remaining = 0
  #surplus = false
  #failure: Error | undefined
  #waiting: (() => void)[] = []
  readonly #chunks: Chunk[] = []

  /** The last byte of the body has come. */
  get complete(): boolean {
    return this.#head !== undefined && this.#remaining === 0
  }

  /** More came than belongs to the response. */
  get surplus(): boolean {
    return this.#surplus
  }

  /** @returns whether the buffer is in use until its bytes have been read */
  receive(bytes: Uint8Array, buffer: BufferIndex): boolean {
    const kept = this.#head ? this.#push({ bytes, buffer }) : this.#receiveHead(bytes)
    this.#wake()
    return kept
  }

  /** What has come so far can still be read; then the error is thrown. After the whole response it means nothing. */
  fail(error: Error): void {
    this.#failure ??= error
    this.#wake()
  }

  /** Rejects with InDoubt, or with what {@link ResponseReader.fail} was told. */
  async head(): Promise<ResponseHead> {
    while (!this.#head) await this.#change()
    return this.#head
  }

  /** The next bytes of the body; undefined at its end. */
  async next(): Promise<Chunk | undefined> {
    while (this.#chunks.length === 0 && !this.complete) await this.#change()
    return this.#chunks.shift()
  }

  async #change(): Promise<void> {
    if (this.#failure) throw this.#failure
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }

  /** Copies what it keeps: heads are small, and the buffer is free again. */
  #receiveHead(bytes: Uint8Array): false {
    this.#received = Buffer.concat([this.#received, bytes])
    const end = this.#received.indexOf(headEnd)
    const size = end < 0 ? this.#received.length : end
    const head =
      end < 0 || size > maxHeadSize ? undefined : parseResponseHead(this.#received.subarray(0, end))
    if (head) {
      this.#head = head
      this.#remaining = head.contentLength
      this.#push({ bytes: this.#received.subarray(end + headEnd.length) })
    } else if (end >= 0 || size > maxHeadSize) {
      this.fail(new InDoubt('The response is unusual'))
    }
    return false
  }

  #push({ bytes, ...chunk }: Chunk): boolean {
    const belongs = bytes.subarray(0, this.#remaining)
    this.#surplus ||= belongs.length < bytes.length
    this.#remaining -= belongs.length
    if (belongs.length > 0) this.#chunks.push({ ...chunk, bytes: belongs })
    return belongs.length > 0
  }
}
