import { createHash } from 'node:crypto'

/** The MD5 of each stretch of so many bytes, the last one perhaps shorter: what a composite ETag is made of. */
export class SegmentedMd5 {
  readonly #size: number
  readonly #done: string[]
  #open = createHash('md5')
  /** Bytes of the open stretch. */
  #filled = 0

  /** @param size bytes of a stretch; `Infinity` makes one of all the bytes */
  constructor(size: number, done: readonly string[] = []) {
    this.#size = size
    this.#done = [...done]
  }

  /** Done with `chunk` when it returns, so it may be a borrowed one. */
  update(chunk: Uint8Array): void {
    for (let offset = 0; offset < chunk.byteLength; ) {
      if (this.#filled === this.#size) this.#close()
      const some = chunk.subarray(offset, offset + this.#size - this.#filled)
      this.#open.update(some)
      this.#filled += some.byteLength
      offset += some.byteLength
    }
  }

  /** In hex and in order, the open stretch included; of no bytes, one of nothing. More bytes may follow. */
  digests(): string[] {
    const isOpen = this.#filled > 0 || this.#done.length === 0
    return isOpen ? [...this.#done, this.#open.copy().digest('hex')] : [...this.#done]
  }

  copy(): SegmentedMd5 {
    const copy = new SegmentedMd5(this.#size, this.#done)
    copy.#open = this.#open.copy()
    copy.#filled = this.#filled
    return copy
  }

  #close(): void {
    this.#done.push(this.#open.digest('hex'))
    this.#open = createHash('md5')
    this.#filled = 0
  }
}
