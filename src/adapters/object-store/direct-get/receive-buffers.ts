/**
 * Bytes of a receive buffer; each connection has two. Measured on Node 20, 2 GiB from S3 to COS, CPU of the whole
 * transfer: 128 KiB 1.4, 256 KiB 1.17, 512 KiB 1, more than that the same. What the kernel never fills takes no memory.
 */
const bufferSize = 512 * 1024

/** With less room than this, in bytes, the other buffer is next: many small reads cost more than a few large ones. */
const leastRoom = 128 * 1024

/**
 * Bytes behind each buffer for what still comes after the socket was told to stop. TLS goes on with what it has
 * received already: up to 64 KiB and the rest of a record of 16 KiB, seen on Node 20.
 */
const reserve = 96 * 1024

interface Buffered {
  readonly bytes: Uint8Array
  /** Where the next bytes from the socket go. */
  filled: number
  /** Of the bytes that nobody has read yet. */
  start: number
  end: number
}

/**
 * The two buffers of a connection. The socket writes into one of them behind what lies there already, so that pieces
 * which come one by one, such as the records of TLS, are read together; and it turns to the other one when that has
 * been read and given back.
 */
export class ReceiveBuffers {
  #filling = newBuffer()
  #other = newBuffer()
  /** Whose bytes were handed out last, and are valid until they are given back. */
  #lent: Buffered | undefined

  /** Where the socket writes next. Never empty: Node would fill an empty one for ever. */
  get room(): Uint8Array {
    const { bytes, filled } = this.#filling
    if (filled < bufferSize) return bytes.subarray(filled, bufferSize)
    return this.overfull ? new Uint8Array(reserve) : bytes.subarray(filled)
  }

  /** Nothing more can be taken; what the socket still brings is lost. */
  get overfull(): boolean {
    return this.#filling.filled === bufferSize + reserve
  }

  /** The bytes that come next will be read together with those that came last. */
  get mayGather(): boolean {
    return bufferSize - this.#filling.filled >= leastRoom
  }

  /** A socket that was told to stop may go on. */
  get mayResume(): boolean {
    return this.#other !== this.#lent && unreadIn(this.#other) === 0
  }

  /** What the socket has just written. Only what is kept can be read. */
  received(length: number): Uint8Array {
    const { bytes, filled } = this.#filling
    this.#filling.filled += length
    return bytes.subarray(filled, filled + length)
  }

  /** @param bytes of those received last */
  keep({ byteOffset, byteLength }: Uint8Array): void {
    const buffer = this.#filling
    if (unreadIn(buffer) === 0) buffer.start = byteOffset
    buffer.end = byteOffset + byteLength
  }

  /** Turns to the other buffer where it must and can. @returns whether the socket may go on */
  turn(): boolean {
    if (this.mayGather) return true
    if (!this.mayResume) return false
    const next = this.#other
    next.filled = 0
    this.#other = this.#filling
    this.#filling = next
    return true
  }

  /** All that can be read at once, until it is given back; undefined where there is nothing. */
  lend(): Uint8Array | undefined {
    const buffer = unreadIn(this.#other) > 0 ? this.#other : this.#filling
    if (unreadIn(buffer) === 0) return undefined
    const { bytes, start, end } = buffer
    buffer.start = end
    this.#lent = buffer
    return bytes.subarray(start, end)
  }

  giveBack(): void {
    this.#lent = undefined
  }
}

const newBuffer = (): Buffered => ({
  // Of its own, and not of the pool: its offsets are those of its memory.
  bytes: new Uint8Array(Buffer.allocUnsafeSlow(bufferSize + reserve).buffer),
  filled: 0,
  start: 0,
  end: 0,
})

const unreadIn = ({ start, end }: Buffered) => end - start
