import { TransferError } from '../../contract/errors'
import { shiftCrc } from './combine'
import { sharedEngine } from './engine'
import { ALL_ONES } from './polynomial'

/**
 * CRC-64/XZ, the digest COS states of parts and objects (`x-cos-hash-crc64ecma`), as an unsigned decimal string.
 * Digests share one engine and hold eight bytes each, so there may be any number at a time.
 */
export class Crc64 {
  #register = ALL_ONES

  /** Done with `chunk` when it returns, so it may be a borrowed one. */
  update(chunk: Uint8Array): this {
    this.#register = sharedEngine().update(this.#register, chunk)
    return this
  }

  /** Of all the bytes so far; more may follow. */
  digest(): string {
    return BigInt.asUintN(64, this.#register ^ ALL_ONES).toString()
  }
}

export function crc64(bytes: Uint8Array): string {
  return new Crc64().update(bytes).digest()
}

/**
 * The CRC-64 of two runs of bytes, one after the other, from their own. Takes microseconds whatever the length.
 *
 * @param lengthOfB bytes, up to 2^53 - 1
 * @throws INTEGRITY for what cannot be a CRC-64, INVALID_OPTION for what cannot be a length.
 */
export function combineCrc64(a: string, b: string, lengthOfB: number): string {
  return append(parse(a), b, lengthOfB).toString()
}

/** The CRC-64 of an object from those of its parts, in their order; `size` in bytes. `'0'` where there are none. */
export function combineAll(parts: Iterable<{ readonly crc64: string; readonly size: number }>): string {
  let whole = 0n
  for (const part of parts) whole = append(whole, part.crc64, part.size)
  return whole.toString()
}

function append(a: bigint, b: string, lengthOfB: number): bigint {
  if (!Number.isSafeInteger(lengthOfB) || lengthOfB < 0) {
    throw new TransferError(
      'INVALID_OPTION',
      `Cannot combine CRC-64s with a length of ${lengthOfB}: give the number of bytes, an integer up to 2^53 - 1.`,
      { context: { length: lengthOfB } },
    )
  }
  return shiftCrc(a, lengthOfB) ^ parse(b)
}

/** Refuses what a bigint would silently cut down to 64 bits, or read as something else: `''` is 0 to it, `'0x1'` 1. */
function parse(crc: string): bigint {
  const value = /^\d{1,20}$/.test(crc) ? BigInt(crc) : undefined
  if (value === undefined || value > ALL_ONES) {
    throw new TransferError(
      'INTEGRITY',
      `'${crc}' is no CRC-64: it must be an unsigned decimal number below 2^64. Check where it comes from.`,
      { context: { crc64: crc } },
    )
  }
  return value
}
