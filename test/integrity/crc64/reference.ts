/**
 * CRC-64/XZ straight from its definition: one bit at a time, with the unreflected polynomial and the bits turned round
 * by hand, so that it shares nothing with the implementation but the answer.
 */
const POLYNOMIAL = 0x42f0e1eba9ea3693n
const MASK = (1n << 64n) - 1n

export function reflect(value: bigint): bigint {
  return BigInt(`0b${[...value.toString(2).padStart(64, '0')].reverse().join('')}`)
}

/** Starting from a register of zero and without the final inversion: a linear function of the bytes. */
export function remainderOf(bytes: Uint8Array, start = 0n): bigint {
  let register = reflect(start)
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit += 1) {
      const top = (register >> 63n) ^ BigInt((byte >> bit) & 1)
      register = ((register << 1n) & MASK) ^ (top ? POLYNOMIAL : 0n)
    }
  }
  return reflect(register)
}

export function referenceCrc64(bytes: Uint8Array): string {
  return (remainderOf(bytes, MASK) ^ MASK).toString()
}

/** A linear map of 64 bits, as what becomes of each bit. */
type Matrix = readonly bigint[]

function apply(matrix: Matrix, vector: bigint): bigint {
  return matrix.reduce((sum, column, bit) => ((vector >> BigInt(bit)) & 1n ? sum ^ column : sum), 0n)
}

/** The CRC-64 of `length` zero bytes appended to what `crc` is of, by squaring the matrix of one zero byte. */
function appendZeros(crc: string, length: number): bigint {
  let matrix: Matrix = Array.from({ length: 64 }, (_, bit) =>
    remainderOf(new Uint8Array(1), 1n << BigInt(bit)),
  )
  let register = BigInt(crc) ^ MASK
  for (let rest = BigInt(length); rest > 0n; rest >>= 1n) {
    if (rest & 1n) register = apply(matrix, register)
    const previous = matrix
    matrix = previous.map((column) => apply(previous, column))
  }
  return register ^ MASK
}

export function referenceZeros(length: number): string {
  return appendZeros('0', length).toString()
}

/** By linearity: a, zeros in place of b, then the difference that b makes over as many zeros. */
export function referenceCombine(a: string, b: string, lengthOfB: number): string {
  return (appendZeros(a, lengthOfB) ^ BigInt(b) ^ appendZeros('0', lengthOfB)).toString()
}

/** Bytes that look random and are the same every time. */
export function noise(length: number, seed = 1): Uint8Array {
  let state = seed
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return state >>> 24
  })
}
