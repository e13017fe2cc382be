import { type Code, emitModule, i32, i64, local, v128, type WasmFunction, whileLoop } from './wasm-emitter'
import { instantiate, type WasmMemory } from './wasm-instance'

/**
 * Distances, in bytes, of a sparse multiple of the CRC's polynomial: x^(8 * 1429) is congruent to the sum of
 * x^(8 * (1429 - d)) over these d. So a byte may be taken away if it is XORed into the bytes that follow it at these
 * distances: the CRC stays what it was. (Sam Russell's "Chorba" does the same for CRC-32, arXiv 2412.16398.)
 *
 * Found by a birthday search for eight powers that add up to zero, as the shortest of eleven below 2560. Fewer powers
 * cost fewer loads per byte, but the next possible number is six, as the polynomial is divisible by x + 1, and with
 * six a longest distance of about 16 KiB is to be expected: too long for chunks of 64 KiB.
 *
 * The shortest distance counts too. It is well above a stride, so a byte is read back only some time after it was
 * written: processors stall on a load that overlaps several stores which have not reached the cache.
 */
export const SPARSE_DISTANCES = [297, 419, 503, 788, 829, 928, 1429] as const

const VECTOR = 16
/** Bytes {@link fold} moves on by: four vectors, which gives the processor enough independent work. */
export const STRIDE = 4 * VECTOR
const REACH = Math.max(...SPARSE_DISTANCES)
/** The longest distance in whole strides, in bytes. */
export const SPAN = Math.ceil(REACH / STRIDE) * STRIDE

/** Bytes that are looked up at once. 16 took two thirds of the time of 8. */
export const SLICES = 16
/** Bytes of one table. */
export const TABLE = 256 * 8

/** Where things lie in the memory, in bytes. */
export const TABLES_AT = 0
/** Zeros that are never written: what {@link fold} sees when it looks back past the start of the data. */
const BEFORE_AT = TABLES_AT + SLICES * TABLE
export const WINDOW_AT = BEFORE_AT + SPAN
/** The longest run of bytes taken at once. Small enough to stay in a core's second-level cache. */
export const WINDOW = 256 * 1024
export const TAIL_AT = WINDOW_AT + WINDOW
const END = TAIL_AT + SPAN + STRIDE
const PAGE = 64 * 1024

export interface Crc64Exports {
  readonly memory: WasmMemory
  /** The register after the bytes from `at` up to, not including, `end`. */
  slice(register: bigint, at: number, end: number): bigint
  /**
   * For each byte from `at` up to `end`, which are whole strides apart: XORs the bytes that precede it at the sparse
   * distances into the byte that lies `shift` after it.
   */
  fold(at: number, end: number, shift: number): void
}

export function instantiateCrc64(): Crc64Exports {
  return instantiate(emitModule(Math.ceil(END / PAGE), [slice(), fold()]))
}

const LANES = [0, 1, 2, 3, 4, 5, 6, 7] as const

function slice(): WasmFunction {
  const [register, at, end, first, second] = [0, 1, 2, 3, 4] as const
  /** Looks all eight bytes of a word up; `following` bytes of the step come after them. */
  const lookUpWord = (word: number, following: number): Code[] =>
    LANES.map((lane) => lookUp(byteOffset(local.get(word), lane), following + 7 - lane))

  return {
    name: 'slice',
    parameters: ['i64', 'i32', 'i32'],
    result: 'i64',
    locals: ['i64', 'i64'],
    body: [
      ...whileLoop(
        i32.lessOrEqualUnsigned(i32.add(local.get(at), i32.const(SLICES)), local.get(end)),
        local.set(first, i64.xor(local.get(register), i64.load(local.get(at)))),
        local.set(second, i64.load(local.get(at), 8)),
        local.set(register, xorTree([...lookUpWord(first, 8), ...lookUpWord(second, 0)])),
        local.set(at, i32.add(local.get(at), i32.const(SLICES))),
      ),
      ...whileLoop(
        i32.lessUnsigned(local.get(at), local.get(end)),
        local.set(first, i64.xor(local.get(register), i64.load8Unsigned(local.get(at)))),
        local.set(
          register,
          i64.xor(
            lookUp(byteOffset(local.get(first), 0), 0),
            i64.shiftRightUnsigned(local.get(register), i64.const(8n)),
          ),
        ),
        local.set(at, i32.add(local.get(at), i32.const(1))),
      ),
      ...local.get(register),
    ],
  }
}

/** Byte `lane` of a word, times the eight bytes of a table's entry. */
function byteOffset(word: Code, lane: number): Code {
  const shifted =
    lane === 0
      ? i32.shiftLeft(i32.wrap(word), i32.const(3))
      : i32.wrap(i64.shiftRightUnsigned(word, i64.const(BigInt(8 * lane - 3))))
  return i32.and(shifted, i32.const(0xff << 3))
}

const lookUp = (offset: Code, table: number): Code => i64.load(offset, TABLES_AT + table * TABLE)

/** A tree and no chain: the processor can then do most of the XORs at the same time. */
function xorTree(terms: readonly Code[]): Code {
  if (terms.length === 1) return terms[0]!
  const half = terms.length >> 1
  return i64.xor(xorTree(terms.slice(0, half)), xorTree(terms.slice(half)))
}

function fold(): WasmFunction {
  const [at, end, shift, behind, target] = [0, 1, 2, 3, 4] as const
  const foldVector = (start: number): Code =>
    v128.store(
      local.get(target),
      SPARSE_DISTANCES.reduce<Code>(
        (sum, distance) => v128.xor(sum, v128.load(local.get(behind), REACH - distance + start)),
        v128.load(local.get(target), start),
      ),
      start,
    )

  return {
    name: 'fold',
    parameters: ['i32', 'i32', 'i32'],
    locals: ['i32', 'i32'],
    body: whileLoop(
      i32.lessUnsigned(local.get(at), local.get(end)),
      // Offsets in loads cannot be negative, so all of them count from the farthest byte.
      local.set(behind, i32.subtract(local.get(at), i32.const(REACH))),
      local.set(target, i32.add(local.get(at), local.get(shift))),
      ...[0, 1, 2, 3].map((vector) => foldVector(vector * VECTOR)),
      local.set(at, i32.add(local.get(at), i32.const(STRIDE))),
    ),
  }
}
