import { parseResponseHead, type ResponseHead } from './response-head'

const maxHeadSize = 64 * 1024
const headEnd = Buffer.from('\r\n\r\n')

/** The response cannot be read in the direct way; nothing of its body has been handed out. */
export class InDoubt extends Error {}

/** Which of the two buffers of a connection. */
export type BufferIndex = 0 | 1

export interface Chunk {
  readonly bytes: Uint8Array
  /** The buffer that holds the bytes, to be given back when they have been read. */
  readonly buffer?: BufferIndex
}

/** Turns what a connection receives into the head and the body of one response. */
export class ResponseReader {
  readonly head: Promise<ResponseHead>
  #settleHead!: { resolve(head: ResponseHead): void; reject(error: Error): void }
  #received: Buffer | undefined = Buffer.alloc(0)
  #remaining = 0
  #surplus = false
  #failure: Error | undefined
  #wake: (() => void) | undefined
  readonly #chunks: Chunk[] = []

  constructor() {
    this.head = new Promise((resolve, reject) => {
      this.#settleHead = { resolve, reject }
    })
    this.head.catch(() => {})
  }

  /** The last byte of the body has come. */
  get complete(): boolean {
    return this.#received === undefined && this.#remaining === 0
  }

  /** More came than belongs to the response. */
  get surplus(): boolean {
    return this.#surplus
  }

  /** @returns whether the buffer is in use until its bytes have been read */
  receive(bytes: Uint8Array, buffer: BufferIndex): boolean {
    if (this.#received) {
      this.#receiveHead(bytes)
      return false
    }
    this.#push({ bytes, buffer })
    return true
  }

  /** What has come so far can still be read; then the error is thrown. */
  fail(error: Error): void {
    if (this.complete) return
    this.#failure ??= error
    this.#settleHead.reject(error)
    this.#wake?.()
  }

  /** The next bytes; undefined at the end. */
  async next(): Promise<Chunk | undefined> {
    while (this.#chunks.length === 0 && !this.complete) {
      if (this.#failure) throw this.#failure
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.#chunks.shift()
  }

  #receiveHead(bytes: Uint8Array): void {
    const received = Buffer.concat([this.#received!, bytes])
    const end = received.indexOf(headEnd)
    const head = end < 0 ? undefined : parseResponseHead(received.subarray(0, end))
    if (!head) {
      this.#received = received
      if (end >= 0 || received.length > maxHeadSize) this.fail(new InDoubt('An unusual response'))
      return
    }
    this.#received = undefined
    this.#remaining = head.contentLength
    const rest = received.subarray(end + headEnd.length)
    if (rest.length > 0) this.#push({ bytes: rest })
    this.#settleHead.resolve(head)
  }

  #push({ bytes, buffer }: Chunk): void {
    const belongs = bytes.subarray(0, this.#remaining)
    this.#surplus ||= belongs.length < bytes.length
    this.#remaining -= belongs.length
    if (belongs.length > 0) this.#chunks.push({ bytes: belongs, ...(buffer !== undefined && { buffer }) })
    this.#wake?.()
  }
}
