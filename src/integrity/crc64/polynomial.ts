/** Of ECMA-182, its bits reflected as CRC-64/XZ wants them: the highest bit is the coefficient of x^0. */
export const POLYNOMIAL = 0xc96c5795d7870f42n

/** What the register starts with, and what the result is inverted with. */
export const ALL_ONES = 0xffffffffffffffffn

/** What becomes of the register with the bytes 0 to 255 in its lowest eight bits and nothing else, one byte on. */
function byteTable(): bigint[] {
  return Array.from({ length: 256 }, (_, byte) => {
    let register = BigInt(byte)
    for (let bit = 0; bit < 8; bit += 1) register = (register >> 1n) ^ (register & 1n ? POLYNOMIAL : 0n)
    return register
  })
}

/** Table `k` is the byte table moved on by `k` zero bytes, so that `count` bytes can be looked up at once. */
export function slicingTables(count: number): bigint[][] {
  const first = byteTable()
  const tables = [first]
  while (tables.length < count) {
    const last = tables[tables.length - 1]!
    tables.push(last.map((register) => (register >> 8n) ^ first[Number(register & 0xffn)]!))
  }
  return tables
}
