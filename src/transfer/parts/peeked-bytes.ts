import type { Bytes } from '../../contract/source'
import { discard } from './chunks'

/** The bytes of a small object that came with the answer which told its size and version. Read once, or freed. */
export class PeekedBytes {
  #bytes: Bytes | undefined
  #sufficed = false

  constructor(bytes: Bytes) {
    this.#bytes = bytes
  }

  /** For the first reader; undefined for any later one, who opens the source. */
  take(): Bytes | undefined {
    const bytes = this.#bytes
    if (!bytes) return undefined
    this.#bytes = undefined
    this.#sufficed = true
    return bytes
  }

  /** Nobody had to open the source: what was read is of the version that was stated. */
  get sufficed(): boolean {
    return this.#sufficed
  }

  /** The source is opened after all, or nobody wants them: frees what was not taken. Twice is fine. */
  free(): void {
    if (this.#bytes) discard(this.#bytes)
    this.#bytes = undefined
    this.#sufficed = false
  }
}
