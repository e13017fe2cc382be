import { createHash, type Hash } from 'node:crypto'
import { Crc64 } from '../../../integrity/crc64'

export type DigestName = 'md5' | 'crc64' | 'sha256'

/** `md5` and `sha256` in lower-case hex, `crc64` an unsigned decimal. */
export type DigestValues = { readonly [name in DigestName]?: string }

/** Computes only the digests that are needed: they are what the server spends its time on. */
export class Hasher {
  readonly #md5: Hash | undefined
  readonly #sha256: Hash | undefined
  readonly #crc64: Crc64 | undefined

  constructor(names: ReadonlySet<DigestName>) {
    this.#md5 = names.has('md5') ? createHash('md5') : undefined
    this.#sha256 = names.has('sha256') ? createHash('sha256') : undefined
    this.#crc64 = names.has('crc64') ? new Crc64() : undefined
  }

  update(chunk: Uint8Array): void {
    this.#md5?.update(chunk)
    this.#sha256?.update(chunk)
    this.#crc64?.update(chunk)
  }

  digest(): DigestValues {
    return {
      md5: this.#md5?.digest('hex'),
      sha256: this.#sha256?.digest('hex'),
      crc64: this.#crc64?.digest(),
    }
  }
}
