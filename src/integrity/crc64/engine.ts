import { createJsEngine } from './js-engine'
import { createWasmEngine } from './wasm-engine'

/** Moves a CRC register on. It holds nothing between two calls, so any number of digests may take turns. */
export interface Crc64Engine {
  /** The register after `chunk`; starting and final inversion are the caller's. Unsigned or signed in, any out. */
  update(register: bigint, chunk: Uint8Array): bigint
}

let shared: Crc64Engine | undefined

/** The engine of this thread, made at first use: importing the library must neither compile nor allocate. */
export function sharedEngine(): Crc64Engine {
  shared ??= createEngine()
  return shared
}

function createEngine(): Crc64Engine {
  // WebAssembly is missing under --jitless, and its memory cannot be reserved under a limit on address space
  // (`ulimit -v`), as V8 asks for about 10 GiB of it. Slow digests are better there than failing transfers.
  try {
    return createWasmEngine()
  } catch {
    return createJsEngine()
  }
}
