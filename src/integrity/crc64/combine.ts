import { POLYNOMIAL } from './polynomial'

/** 64 bits in two halves: bitwise operators of numbers have 32, and those of bigints are a hundred times slower. */
interface Word {
  readonly high: number
  readonly low: number
}

const wordOf = (value: bigint): Word => ({
  high: Number(BigInt.asIntN(32, value >> 32n)),
  low: Number(BigInt.asIntN(32, value)),
})

const bigintOf = ({ high, low }: Word): bigint => (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)

const DIVISOR = wordOf(POLYNOMIAL)

/** The product of two polynomials modulo the CRC's; all of them reflected. */
function multiply(a: Word, b: Word): Word {
  let { high, low } = b
  let productHigh = 0
  let productLow = 0
  for (const half of [a.high, a.low]) {
    for (let bit = 31; bit >= 0; bit -= 1) {
      // Masks instead of branches: the bits are as good as random, so branches would be mispredicted.
      const taken = -((half >>> bit) & 1)
      productHigh ^= high & taken
      productLow ^= low & taken
      const carried = -(low & 1)
      low = ((low >>> 1) | (high << 31)) ^ (DIVISOR.low & carried)
      high = (high >>> 1) ^ (DIVISOR.high & carried)
    }
  }
  return { high: productHigh, low: productLow }
}

/** Entry `k` is x^(8 * 2^k): what 2^k more bytes multiply the register with. Filled as far as lengths have asked. */
const powers: Word[] = [wordOf(1n << (63n - 8n))]

function power(exponent: number): Word {
  for (let last = powers.length - 1; last < exponent; last += 1) {
    powers.push(multiply(powers[last]!, powers[last]!))
  }
  return powers[exponent]!
}

/** The CRC of `a` followed by as many zero bytes as make up for those of `b`; exact up to 2^53 - 1 bytes. */
export function shiftCrc(crc: bigint, length: number): bigint {
  let word = wordOf(crc)
  // Division, not shifts: those would drop all but the lowest 32 bits of a length, 4 GiB.
  for (let rest = length, exponent = 0; rest > 0; rest = Math.floor(rest / 2), exponent += 1) {
    if (rest % 2 === 1) word = multiply(word, power(exponent))
  }
  return bigintOf(word)
}
