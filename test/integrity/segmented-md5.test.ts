import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SegmentedMd5 } from '../../src/integrity/segmented-md5'

const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex')

const segments = (bytes: Uint8Array, size: number) =>
  Array.from({ length: Math.max(1, Math.ceil(bytes.length / size)) }, (_, index) =>
    md5(bytes.subarray(index * size, (index + 1) * size)),
  )

describe('the MD5s of equal stretches', () => {
  it('are those of the stretches, however the bytes come', () => {
    const input = fc.tuple(
      fc.uint8Array({ maxLength: 300 }),
      fc.integer({ min: 1, max: 320 }),
      fc.array(fc.integer({ min: 0, max: 64 }), { maxLength: 12 }),
    )
    fc.assert(
      fc.property(input, ([bytes, size, cuts]) => {
        const digest = new SegmentedMd5(size)
        let offset = 0
        for (const cut of [...cuts, bytes.length]) {
          digest.update(bytes.subarray(offset, offset + cut))
          offset = Math.min(bytes.length, offset + cut)
          expect(digest.digests()).toEqual(segments(bytes.subarray(0, offset), size))
        }
      }),
    )
  })

  it('go on from a copy, which does not touch the original', () => {
    const bytes = Buffer.from('0123456789abcdef')
    const first = new SegmentedMd5(6)
    first.update(bytes.subarray(0, 8))
    const second = first.copy()
    second.update(bytes.subarray(8))
    expect(second.digests()).toEqual(segments(bytes, 6))
    expect(first.digests()).toEqual(segments(bytes.subarray(0, 8), 6))
  })

  it('are one of the whole, where there is but one stretch', () => {
    const whole = new SegmentedMd5(Number.POSITIVE_INFINITY)
    whole.update(Buffer.from('some bytes'))
    expect(whole.digests()).toEqual([md5(Buffer.from('some bytes'))])
  })
})
