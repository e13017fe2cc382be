import type { Bytes } from '../../../contract/source'

/** Keeps the bytes of one part until it is released. */
export interface Holder {
  /** Copies the chunk: it is borrowed. */
  append(chunk: Uint8Array): Promise<void>
  /** From the first byte, each time. */
  read(): Bytes
  /** Twice is fine. */
  release(): void
}
