import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Crc64Engine } from '../../../src/integrity/crc64/engine'
import { createJsEngine } from '../../../src/integrity/crc64/js-engine'
import { createWasmEngine } from '../../../src/integrity/crc64/wasm-engine'
import { SPAN, SPARSE_DISTANCES, STRIDE, WINDOW } from '../../../src/integrity/crc64/wasm-module'
import { noise, referenceCrc64, remainderOf } from './reference'

type Constructor = new (...options: unknown[]) => object

const MASK = (1n << 64n) - 1n
const unsigned = (value: bigint) => BigInt.asUintN(64, value)

describe('The sparse distances', () => {
  it('let one byte be replaced by the bytes behind it without changing the remainder', () => {
    const length = Math.max(...SPARSE_DISTANCES) + 1
    const one = new Uint8Array(length)
    one[0] = 1
    const replaced = new Uint8Array(length)
    for (const distance of SPARSE_DISTANCES) replaced[distance] = 1
    expect(remainderOf(replaced)).toBe(remainderOf(one))
  })

  it('are all longer than one stride, which reads nothing that it writes itself', () => {
    expect(Math.min(...SPARSE_DISTANCES)).toBeGreaterThan(STRIDE)
  })
})

describe.each<[string, () => Crc64Engine]>([
  ['WebAssembly', createWasmEngine],
  ['JavaScript', createJsEngine],
])('The engine in %s', (_, create) => {
  const engine = create()

  it('agrees with the definition for short and long runs, whatever the register', () => {
    for (const length of [0, 1, 7, 8, 9, 15, 16, 17, 31, 33, 1472, 4095, 4096, 4097, 4159, 4160, 9999]) {
      const bytes = noise(length, length + 1)
      for (const register of [0n, 1n, MASK, 1n << 63n, 0x0123456789abcdefn]) {
        expect(unsigned(engine.update(register, bytes)), `${length} bytes`).toBe(remainderOf(bytes, register))
      }
    }
  })

  it('takes a register as signed or as unsigned', () => {
    for (const length of [5, 100, 5000]) {
      expect(unsigned(engine.update(-1n, noise(length)))).toBe(unsigned(engine.update(MASK, noise(length))))
    }
  })

  it('gets zeros right, which leave a register of zero as it is', () => {
    expect(engine.update(0n, new Uint8Array(500_000))).toBe(0n)
    expect(unsigned(engine.update(MASK, new Uint8Array(5000)))).toBe(remainderOf(new Uint8Array(5000), MASK))
  })
})

describe('Both engines', () => {
  const wasm = createWasmEngine()
  const js = createJsEngine()
  const bytes = noise(3 * WINDOW + 1000)
  const agree = (length: number, start = 0) => {
    const run = bytes.subarray(start, start + length)
    expect(unsigned(wasm.update(MASK, run)), `${length} bytes from ${start}`).toBe(js.update(MASK, run))
  }

  it('agree for every length of the tail that is left after folding', () => {
    for (let length = 4096; length < 4096 + 2 * STRIDE; length += 1) agree(length, length % 16)
    for (let length = 3 * SPAN; length < 3 * SPAN + STRIDE; length += 1) agree(length)
  })

  it('agree for chunks as long as the window, longer, and several times as long', () => {
    for (const windows of [1, 2, 3]) {
      for (const more of [-1, 0, 1, 15, 64, 777]) agree(windows * WINDOW + more)
    }
  })

  it('agree on a short chunk after a long one, whose remains lie in the window', () => {
    for (const length of [WINDOW, 4096, 20_000, 1, 5000, WINDOW - 1, 4100]) agree(length, 3)
  })
})

describe('The engine that digests share', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.resetModules()
  })

  it('is not made on import', async () => {
    const compile = vi.fn()
    vi.stubGlobal('WebAssembly', { Module: compile, Instance: compile })
    vi.resetModules()
    await import('../../../src/integrity/crc64')
    expect(compile).not.toHaveBeenCalled()
  })

  it('is the one in WebAssembly where there is any, and made once', async () => {
    const { Module, Instance } = (globalThis as unknown as { WebAssembly: Record<string, Constructor> })
      .WebAssembly
    const instances = vi.fn()
    class Counted extends (Instance!) {
      constructor(...options: unknown[]) {
        super(...options)
        instances()
      }
    }
    vi.stubGlobal('WebAssembly', { Module, Instance: Counted })
    vi.resetModules()
    const { crc64 } = await import('../../../src/integrity/crc64')
    for (let i = 0; i < 3; i += 1) expect(crc64(noise(5000))).toBe(referenceCrc64(noise(5000)))
    expect(instances).toHaveBeenCalledOnce()
  })

  it('does without WebAssembly where there is none', async () => {
    vi.stubGlobal('WebAssembly', undefined)
    vi.resetModules()
    const { crc64 } = await import('../../../src/integrity/crc64')
    expect(crc64(noise(5000))).toBe(referenceCrc64(noise(5000)))
  })

  it('does without WebAssembly where its memory cannot be had', async () => {
    const Instance = function refuse() {
      throw new RangeError(
        'WebAssembly.Instance(): Out of memory: Cannot allocate Wasm memory for new instance',
      )
    }
    vi.stubGlobal('WebAssembly', { Module: class {}, Instance })
    vi.resetModules()
    const { crc64 } = await import('../../../src/integrity/crc64')
    expect(crc64(noise(5000))).toBe(referenceCrc64(noise(5000)))
  })
})
