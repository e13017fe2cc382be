import type { Crc64Engine } from './engine'
import { slicingTables } from './polynomial'
import {
  instantiateCrc64,
  SLICES,
  SPAN,
  STRIDE,
  TABLE,
  TABLES_AT,
  TAIL_AT,
  WINDOW,
  WINDOW_AT,
} from './wasm-module'

/** Shorter chunks than this many bytes are looked up as they are: what folding saves, its preparation costs. */
const WORTH_FOLDING = 4 * 1024

/**
 * CRC-64 by folding: the bytes of a chunk are XORed forward, sixteen at a time, until only its last {@link SPAN} bytes
 * are left, which have the CRC of the whole; those few are then looked up in tables. See `SPARSE_DISTANCES`.
 *
 * @throws where WebAssembly is missing, without SIMD, or cannot have the memory.
 */
export function createWasmEngine(): Crc64Engine {
  const { memory, slice, fold } = instantiateCrc64()
  const bytes = new Uint8Array(memory.buffer)
  // Typed arrays have the byte order of the machine, WebAssembly memory has always the little-endian one.
  const words = new DataView(memory.buffer)

  for (const [number, table] of slicingTables(SLICES).entries()) {
    for (const [byte, register] of table.entries()) {
      words.setBigUint64(TABLES_AT + number * TABLE + byte * 8, register, true)
    }
  }

  function updateOnce(register: bigint, chunk: Uint8Array): bigint {
    const { length } = chunk
    bytes.set(chunk, WINDOW_AT)
    const end = WINDOW_AT + length
    if (length < WORTH_FOLDING) return slice(register, WINDOW_AT, end)

    const tail = WINDOW_AT + Math.floor((length - SPAN) / STRIDE) * STRIDE
    // A register that meets the first eight bytes is the same as those bytes XORed with it, and none before them.
    words.setBigUint64(WINDOW_AT, words.getBigUint64(WINDOW_AT, true) ^ BigInt.asUintN(64, register), true)
    fold(WINDOW_AT, tail, 0)
    // The tail is folded into elsewhere and reads zeros in its own place: only the bytes before it are to be removed.
    bytes.copyWithin(TAIL_AT, tail, end)
    bytes.fill(0, tail, tail + SPAN)
    fold(tail, tail + SPAN, TAIL_AT - tail)
    return slice(0n, TAIL_AT, TAIL_AT + end - tail)
  }

  return {
    update(register, chunk) {
      if (chunk.length <= WINDOW) return updateOnce(register, chunk)
      let current = register
      for (let start = 0; start < chunk.length; start += WINDOW) {
        current = updateOnce(current, chunk.subarray(start, start + WINDOW))
      }
      return current
    },
  }
}
