import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { guessPartSizes, makesParts } from '../../src/integrity/part-sizes'

const MiB = 1024 ** 2

describe('whether a part size makes so many parts', () => {
  it('is exact up to the largest objects', () => {
    const sizes = fc.tuple(fc.integer({ min: 1, max: 5 * 1024 * MiB }), fc.integer({ min: 1, max: 10_000 }))
    fc.assert(
      fc.property(sizes, ([partSize, parts]) => {
        const full = partSize * parts
        expect(makesParts(full, partSize, parts)).toBe(true)
        expect(makesParts(full + 1, partSize, parts)).toBe(false)
        expect(makesParts(full - partSize + 1, partSize, parts)).toBe(true)
        if (parts > 1) expect(makesParts(full - partSize, partSize, parts)).toBe(false)
      }),
    )
  })

  it('holds of an empty object for one part alone', () => {
    expect([makesParts(0, MiB, 1), makesParts(0, MiB, 2)]).toEqual([true, false])
  })
})

describe('guessing the part size of an object', () => {
  it.each([
    ['aws-cli', 8, 1000 * MiB + 17],
    ['s3cmd', 15, 700 * MiB],
    ['this library', 16, 1024 * MiB + 1],
    ['minio-js', 64, 5 * 1024 * MiB - 1],
    ['somebody who chose 24 MiB', 24, 10 * 1024 * MiB],
    ['somebody who chose 7 MiB', 7, 35 * MiB + 5],
  ])('finds that of %s', (_, mebibytes, size) => {
    expect(guessPartSizes(size, Math.ceil(size / (mebibytes * MiB)), [])).toContain(mebibytes * MiB)
  })

  it('begins with the likely size, offers three at most, and none that makes another number of parts', () => {
    expect(guessPartSizes(100 * MiB, 2, [70 * MiB])).toEqual([70 * MiB, 64 * MiB, 50 * MiB])
    expect(guessPartSizes(100 * MiB, 2, [20 * MiB])).toEqual([64 * MiB, 50 * MiB, 51 * MiB])
    expect(guessPartSizes(10, 3, [])).toEqual([])
  })
})
