import { describe, expect, it } from 'vitest'
import { type Code, emitModule, i32, i64, local, whileLoop } from '../../../src/integrity/crc64/wasm-emitter'
import { instantiate, type WasmMemory } from '../../../src/integrity/crc64/wasm-instance'

function run(result: 'i32' | 'i64', body: Code, ...parameters: number[]): unknown {
  const code = emitModule(1, [
    { name: 'f', parameters: parameters.map(() => 'i32'), result, locals: ['i32'], body },
  ])
  return instantiate<{ f(...values: number[]): unknown }>(code).f(...parameters)
}

describe('The WebAssembly emitter', () => {
  it('writes constants that come back as they are, at every edge of their encoding', () => {
    for (const value of [0, 1, 63, 64, 127, 128, 8191, 8192, 2 ** 31 - 1, -1, -64, -65, -(2 ** 31)]) {
      expect(run('i32', i32.const(value))).toBe(value)
    }
    for (const value of [0n, 64n, -65n, (1n << 63n) - 1n, -(1n << 63n)]) {
      expect(run('i64', i64.const(value))).toBe(value)
    }
  })

  it('keeps the order of operands', () => {
    expect(run('i32', i32.subtract(local.get(0), local.get(1)), 10, 3)).toBe(7)
  })

  it('asks the condition of a loop before the first round and after each', () => {
    const [limit, rounds] = [0, 1]
    const count = [
      ...whileLoop(
        i32.lessUnsigned(local.get(rounds), local.get(limit)),
        local.set(rounds, i32.add(local.get(rounds), i32.const(1))),
      ),
      ...local.get(rounds),
    ]
    for (const times of [0, 1, 1000]) expect(run('i32', count, times)).toBe(times)
  })

  it('exports a memory that cannot grow, and functions that read it little-endian at any address', () => {
    const read = {
      name: 'read',
      parameters: ['i32'],
      result: 'i64',
      body: i64.load(local.get(0), 200),
    } as const
    const exports = instantiate<{ memory: WasmMemory; read(at: number): bigint }>(emitModule(2, [read]))
    const { memory } = exports
    expect(memory.buffer.byteLength).toBe(2 * 65_536)
    expect(() => memory.grow(1)).toThrow(RangeError)
    new Uint8Array(memory.buffer).set([1, 2, 3, 4, 5, 6, 7, 8], 203)
    expect(exports.read(3)).toBe(0x0807060504030201n)
  })
})
