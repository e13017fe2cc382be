import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ReceiveBuffers } from '../../../../src/adapters/object-store/direct-get/receive-buffers'

const KiB = 1024

/** Lets the socket write so many bytes, which are numbered on from `from`. */
function write(buffers: ReceiveBuffers, size: number, from = 0): boolean {
  const { room } = buffers
  for (let index = 0; index < size; index++) room[index] = (from + index) % 251
  buffers.keep(buffers.received(size))
  return buffers.turn()
}

const numbered = (bytes: Uint8Array, from: number) =>
  bytes.every((byte, index) => byte === (from + index) % 251)

describe('receive buffers', () => {
  it('give what came in pieces as one', () => {
    const buffers = new ReceiveBuffers()
    for (let piece = 0; piece < 10; piece++) expect(write(buffers, 16 * KiB, piece * 16 * KiB)).toBe(true)
    const bytes = buffers.lend()!
    expect(bytes).toHaveLength(160 * KiB)
    expect(numbered(bytes, 0)).toBe(true)
    expect(buffers.lend()).toBeUndefined()
  })

  it('let the socket go on behind what is lent out', () => {
    const buffers = new ReceiveBuffers()
    write(buffers, 10)
    const lent = buffers.lend()!
    write(buffers, 10, 10)
    expect(numbered(lent, 0)).toBe(true)
    buffers.giveBack()
    expect(numbered(buffers.lend()!, 10)).toBe(true)
  })

  it('stop the socket where both are taken, until one is given back', () => {
    const buffers = new ReceiveBuffers()
    expect(write(buffers, 512 * KiB)).toBe(true)
    const lent = buffers.lend()!
    expect(write(buffers, 512 * KiB, 7)).toBe(false)
    expect(buffers.mayResume).toBe(false)
    expect(numbered(lent, 0)).toBe(true)
    buffers.giveBack()
    expect(buffers.mayResume).toBe(true)
    expect(numbered(buffers.lend()!, 7)).toBe(true)
    expect(write(buffers, 10)).toBe(true)
  })

  it('have room for what TLS brings after it was told to stop, and never an empty one', () => {
    const buffers = new ReceiveBuffers()
    write(buffers, 512 * KiB)
    buffers.lend()
    expect(write(buffers, 385 * KiB)).toBe(false)
    let after = 0
    while (!buffers.overfull) {
      const size = Math.min(buffers.room.length, 16 * KiB)
      write(buffers, size)
      after += size
    }
    expect(after).toBeGreaterThanOrEqual(80 * KiB)
    expect(buffers.room.length).toBeGreaterThan(0)
  })

  it('give every byte once, in order, and change none that is lent out', () => {
    const step = fc.oneof(
      fc.integer({ min: 1, max: 512 * KiB }),
      fc.constantFrom('lend' as const, 'give' as const),
    )
    const property = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const buffers = new ReceiveBuffers()
      let [written, read, stopped] = [0, 0, false]
      let lent: { bytes: Uint8Array; from: number } | undefined
      for (const step of steps) {
        if (step === 'give') {
          buffers.giveBack()
          lent = undefined
          stopped &&= !buffers.mayResume
        } else if (step === 'lend') {
          buffers.giveBack()
          stopped &&= !buffers.mayResume
          const bytes = buffers.lend()
          lent = bytes && { bytes, from: read }
          read += bytes?.length ?? 0
        } else if (!stopped) {
          const size = Math.min(step, buffers.room.length)
          stopped = !write(buffers, size, written)
          written += size
        }
        expect(buffers.room.length).toBeGreaterThan(0)
        if (lent) expect(numbered(lent.bytes, lent.from)).toBe(true)
      }
      buffers.giveBack()
      for (let bytes = buffers.lend(); bytes; bytes = buffers.lend()) {
        expect(numbered(bytes, read)).toBe(true)
        read += bytes.length
        buffers.giveBack()
      }
      expect(read).toBe(written)
    })
    fc.assert(property, { numRuns: 200, interruptAfterTimeLimit: 3_000 })
  })
})
