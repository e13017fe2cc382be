/** Bytes that differ at every place and for every seed, so that a shifted, repeated or foreign stretch is noticed. */
export function pattern(size: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(size)
  let state = (seed * 2_654_435_761) >>> 0 || 1
  for (let at = 0; at < size; at++) {
    // xorshift32: its period is longer than any object of the suite.
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes[at] = state
  }
  return bytes
}
