import { createHash } from 'node:crypto'
import type { Digests } from '../contract/source'
import { Crc64 } from './crc64'

export interface Digester {
  /** Done with `chunk` when it returns, so it may be a borrowed one. */
  update(chunk: Uint8Array): void
  /** Of all the bytes so far; may be called at any time, and more may follow. */
  digest(): Digests
}

/** Computes the named digests of the same bytes, and no others: MD5 alone costs ten times what CRC-64 does. */
export function createDigester(names: ReadonlyArray<keyof Digests>): Digester {
  const crc64 = names.includes('crc64') ? new Crc64() : undefined
  const md5 = names.includes('md5') ? createHash('md5') : undefined
  return {
    update(chunk) {
      crc64?.update(chunk)
      md5?.update(chunk)
    },
    digest: () => ({
      ...(crc64 && { crc64: crc64.digest() }),
      // A copy, because a hash of node:crypto can be asked only once.
      ...(md5 && { md5: md5.copy().digest('hex') }),
    }),
  }
}
