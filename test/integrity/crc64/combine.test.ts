import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { combineAll, combineCrc64, crc64 } from '../../../src/integrity/crc64'
import { referenceCombine, referenceCrc64, referenceZeros } from './reference'

const GIB = 2 ** 30
const LARGEST_COS_OBJECT = 10_000 * 5 * GIB
const LARGEST_LENGTH = Number.MAX_SAFE_INTEGER
const anyCrc = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map(String)
const anyLength = fc.oneof(fc.nat(1000), fc.nat(), fc.maxSafeNat())

describe('Combining the CRC-64s of two runs', () => {
  it('gives that of both together', () => {
    const bytes = fc.uint8Array({ maxLength: 500 })
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(combineCrc64(crc64(a), crc64(b), b.length)).toBe(referenceCrc64(Buffer.concat([a, b])))
      }),
    )
  })

  it('changes nothing where one of them is empty', () => {
    fc.assert(
      fc.property(anyCrc, anyLength, (crc, length) => {
        expect(combineCrc64(crc, '0', 0)).toBe(crc)
        expect(combineCrc64('0', crc, length)).toBe(crc)
      }),
    )
  })

  it('may begin with any two neighbours', () => {
    const half = fc.oneof(fc.nat(1000), fc.nat(), fc.nat({ max: 2 ** 52 - 1 }))
    fc.assert(
      fc.property(anyCrc, anyCrc, anyCrc, half, half, (a, b, c, lengthOfB, lengthOfC) => {
        const leftFirst = combineCrc64(combineCrc64(a, b, lengthOfB), c, lengthOfC)
        const rightFirst = combineCrc64(a, combineCrc64(b, c, lengthOfC), lengthOfB + lengthOfC)
        expect(leftFirst).toBe(rightFirst)
      }),
    )
  })

  it('agrees with matrices for lengths beyond 32 bits, up to the largest there is', () => {
    const lengths = [2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 5 * GIB, LARGEST_COS_OBJECT, LARGEST_LENGTH]
    for (const length of lengths) {
      const [a, b] = [crc64(Buffer.from('a')), crc64(Buffer.from(`b${length}`))]
      expect(combineCrc64(a, b, length), `${length} bytes`).toBe(referenceCombine(a, b, length))
    }
    fc.assert(
      fc.property(anyCrc, anyCrc, anyLength, (a, b, length) => {
        expect(combineCrc64(a, b, length)).toBe(referenceCombine(a, b, length))
      }),
      { numRuns: 10 },
    )
  })

  it('gives the CRC-64 of 64 TiB of zeros by doubling 1 MiB of them', () => {
    let [crc, size] = [crc64(new Uint8Array(2 ** 20)), 2 ** 20]
    for (; size < 2 ** 46; size *= 2) crc = combineCrc64(crc, crc, size)
    expect(crc).toBe(referenceZeros(2 ** 46))
  })

  it('refuses lengths that are none', () => {
    for (const length of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(() => combineCrc64('1', '2', length)).toThrow(
        expect.objectContaining({ code: 'INVALID_OPTION' }),
      )
    }
  })

  it('refuses what cannot be a CRC-64 instead of reading a number into it', () => {
    const tooLarge = (1n << 64n).toString()
    for (const text of ['', ' 1', '-1', '0x1', '1e3', '995dc9bbdf1939fa', tooLarge]) {
      expect(() => combineCrc64('1', text, 5)).toThrow(expect.objectContaining({ code: 'INTEGRITY' }))
      expect(() => combineCrc64(text, '1', 5)).toThrow(expect.objectContaining({ code: 'INTEGRITY' }))
    }
    expect(() => combineCrc64('1', undefined as unknown as string, 5)).toThrow(/no CRC-64/)
  })
})

describe('Combining the CRC-64s of all parts', () => {
  it('gives 0 for none', () => {
    expect(combineAll([])).toBe('0')
  })

  it('gives that of the object, in the order of the parts, empty ones included', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 })), (parts) => {
        const receipts = parts.map((part) => ({ crc64: crc64(part), size: part.length }))
        expect(combineAll(receipts)).toBe(referenceCrc64(Buffer.concat(parts)))
      }),
    )
  })

  it('takes any iterable, and minds the order', () => {
    const [a, b] = ['left', 'right'].map((text) => ({ crc64: crc64(Buffer.from(text)), size: text.length }))
    expect(combineAll(new Set([a!, b!]))).toBe(crc64(Buffer.from('leftright')))
    expect(combineAll([b!, a!])).not.toBe(combineAll([a!, b!]))
  })
})
