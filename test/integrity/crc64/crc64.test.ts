import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Crc64, crc64 } from '../../../src/integrity/crc64'
import { noise, referenceCrc64 } from './reference'

const ascii = (text: string) => new TextEncoder().encode(text)

describe('The CRC-64 of some bytes', () => {
  it('is the published check value for 123456789', () => {
    expect(crc64(ascii('123456789'))).toBe(String(0x995dc9bbdf1939fan))
    expect(referenceCrc64(ascii('123456789'))).toBe(String(0x995dc9bbdf1939fan))
  })

  it('is 0 where there are none', () => {
    expect(crc64(new Uint8Array())).toBe('0')
    expect(new Crc64().digest()).toBe('0')
  })

  it('is an unsigned decimal number also where its highest bit is set', () => {
    expect(crc64(ascii('123456789'))).toBe('11051210869376104954')
  })

  it('agrees with the definition for every length from 0 to 300', () => {
    const bytes = noise(300)
    for (let length = 0; length <= 300; length += 1) {
      const run = bytes.subarray(0, length)
      expect(crc64(run), `${length} bytes`).toBe(referenceCrc64(run))
    }
  })

  it('does not depend on where in memory they lie', () => {
    const bytes = noise(6000)
    for (let offset = 0; offset < 20; offset += 1) {
      const view = new Uint8Array(7000)
      view.set(bytes, offset)
      expect(crc64(view.subarray(offset, offset + 6000))).toBe(crc64(bytes))
      expect(crc64(Buffer.from(view.buffer, offset, 6000))).toBe(crc64(bytes))
    }
  })

  it('agrees with the definition for any bytes', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.uint8Array({ minLength: 1000, maxLength: 12_000 }),
    )
    fc.assert(
      fc.property(bytes, (run) => crc64(run) === referenceCrc64(run)),
      { numRuns: 60 },
    )
  })

  it('is the same however they are cut into chunks', () => {
    const bytes = noise(700_000)
    const whole = crc64(bytes)
    const cuts = fc.array(fc.nat(bytes.length), { maxLength: 30 })
    fc.assert(
      fc.property(cuts, (at) => {
        const edges = [0, ...at.sort((a, b) => a - b), bytes.length]
        const digest = new Crc64()
        for (let i = 1; i < edges.length; i += 1) digest.update(bytes.subarray(edges[i - 1], edges[i]))
        return digest.digest() === whole
      }),
      { numRuns: 60 },
    )
  })

  it('notices a single flipped bit wherever it is', () => {
    const bytes = noise(300_000)
    const before = crc64(bytes)
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(7), (index, bit) => {
        bytes[index]! ^= 1 << bit
        const after = crc64(bytes)
        bytes[index]! ^= 1 << bit
        return after !== before
      }),
    )
  })
})

describe('A running CRC-64', () => {
  it('can be asked at any time and goes on afterwards', () => {
    const digest = new Crc64().update(ascii('1234'))
    expect(digest.digest()).toBe(referenceCrc64(ascii('1234')))
    expect(digest.digest()).toBe(referenceCrc64(ascii('1234')))
    expect(digest.update(ascii('56789')).digest()).toBe('11051210869376104954')
  })

  it('is done with a chunk when update returns, so the buffer may be used again', () => {
    const buffer = noise(10_000)
    const expected = referenceCrc64(buffer)
    const digest = new Crc64().update(buffer)
    buffer.fill(0)
    expect(digest.digest()).toBe(expected)
  })

  it('is not disturbed by others that take turns with it', () => {
    const sizes = [1, 15, 16, 17, 1500, 4095, 4096, 5000, 70_000, 300_000]
    const digests = Array.from({ length: 50 }, () => new Crc64())
    for (const [round, size] of sizes.entries()) {
      for (const [index, digest] of digests.entries()) digest.update(noise(size, 1000 * index + round))
    }
    for (const index of [0, 1, 25, 49]) {
      const alone = Buffer.concat(sizes.map((size, round) => noise(size, 1000 * index + round)))
      expect(digests[index]!.digest()).toBe(crc64(alone))
    }
    expect(new Set(digests.map((digest) => digest.digest())).size).toBe(50)
  })

  it('leaves the bytes it is given as they are', () => {
    const bytes = noise(300_000)
    crc64(bytes)
    expect(Buffer.compare(bytes, noise(300_000))).toBe(0)
  })
})
