import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limitsOf } from '../../src/transfer/options'
import {
  ceilDivide,
  growingPartSize,
  largestStream,
  MiB,
  nestingPartSize,
  planGrowth,
  planParts,
} from '../../src/transfer/plan'

const GiB = 1024 * MiB
const TiB = 1024 * GiB
const ceph = limitsOf({ minPartSize: 5 * MiB, maxPartSize: 5 * GiB, maxParts: 10_000 })
const cos = limitsOf({
  minPartSize: MiB,
  maxPartSize: 5 * GiB,
  maxParts: 10_000,
  maxObjectSize: 50_000 * GiB,
})

describe('planning parts of a known size', () => {
  it.each([
    ['ceph', ceph],
    ['cos', cos],
  ])('covers every size up to the largest object of %s exactly', (_, limits) => {
    const sizes = fc.oneof(
      fc.integer({ min: 0, max: 64 * MiB }),
      fc.maxSafeNat().map((value) => value % (50_000 * GiB + 1)),
      fc.integer({ min: 1, max: 3_000_000 }).map((parts) => parts * 16 * MiB),
    )
    fc.assert(
      fc.property(sizes, fc.integer({ min: -1, max: 1 }), (base, nudge) => {
        const size = Math.min(50_000 * GiB, Math.max(0, base + nudge))
        const { partSize, parts } = planParts(size, limits)
        expect(Number.isSafeInteger(partSize)).toBe(true)
        expect(partSize).toBeGreaterThanOrEqual(limits.minPartSize)
        expect(partSize).toBeLessThanOrEqual(limits.maxPartSize)
        expect(parts).toBeLessThanOrEqual(10_000)
        // Exact in bigints: the parts but the last are full, and the last is neither empty nor too long.
        const rest = BigInt(size) - BigInt(Math.max(0, parts - 1)) * BigInt(partSize)
        expect(rest > 0n || size === 0).toBe(true)
        expect(rest <= BigInt(partSize)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    [64 * MiB, 8, 8],
    [1 * GiB, 8, 128],
    [1 * GiB + 1, 16, 65],
    [2 * GiB, 16, 128],
    [16 * GiB, 16, 1024],
    [16 * GiB + 1, 32, 513],
    [32 * GiB, 32, 1024],
    [32 * GiB + 1, 64, 513],
    [1 * TiB, 105, 9987],
  ])('cuts %i bytes into parts of %i MiB', (size, mebibytes, parts) => {
    expect(planParts(size, cos)).toEqual({ partSize: mebibytes * MiB, parts })
  })

  it('uses 64 MiB at most until the object needs more to fit in 10,000 parts', () => {
    expect(planParts(10_000 * 64 * MiB, cos).partSize).toBe(64 * MiB)
    expect(planParts(10_000 * 64 * MiB + 1, cos)).toEqual({ partSize: 65 * MiB, parts: 9847 })
    expect(planParts(50_000 * GiB, cos)).toEqual({ partSize: 5 * GiB, parts: 10_000 })
  })

  it('keeps the part size it is given', () => {
    expect(planParts(11 * MiB + 1, ceph, 5 * MiB)).toEqual({ partSize: 5 * MiB, parts: 3 })
  })

  it('refuses a part size that needs too many parts, and names one that fits', () => {
    expect(() => planParts(TiB, cos, MiB)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
    expect(() => planParts(TiB, cos, MiB)).toThrow(String(ceilDivide(TiB, 10_000)))
  })

  it('refuses an object larger than the sink takes', () => {
    expect(() => planParts(50_000 * GiB + 1, cos)).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }))
    expect(() => planParts(60_000 * GiB, ceph)).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }))
  })
})

describe('planning parts of a stream', () => {
  it('holds two parts within the budget, and starts small', () => {
    expect(planGrowth(cos, 32 * MiB)).toEqual({ first: 8 * MiB, max: 16 * MiB, maxParts: 10_000 })
    expect(planGrowth(ceph, 256 * MiB)).toEqual({ first: 8 * MiB, max: 128 * MiB, maxParts: 10_000 })
  })

  it('goes down to one part at a time where the budget is tight', () => {
    expect(planGrowth(ceph, 6 * MiB)).toMatchObject({ first: 5 * MiB, max: 5 * MiB })
  })

  it('refuses a budget that cannot hold the smallest part', () => {
    expect(() => planGrowth(ceph, 4 * MiB)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
    expect(() => planGrowth(cos, 4 * MiB, 8 * MiB)).toThrow(/memoryBudget/)
  })

  it('never lets a part shrink, exceed its bound, or waste more than a hundredth', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 * 1024 }), fc.maxSafeNat(), (maxMiB, delivered) => {
        const growth = planGrowth(cos, maxMiB * 2 * MiB)
        const size = growingPartSize(delivered, growth)
        expect(size).toBeLessThanOrEqual(growth.max)
        expect(size).toBeGreaterThanOrEqual(growth.first)
        expect(growingPartSize(delivered + size, growth)).toBeGreaterThanOrEqual(size)
        expect(size <= growth.first || size <= delivered / 100 + MiB).toBe(true)
      }),
    )
  })

  it('reaches what the documents state', () => {
    // docs/architecture.md quotes these.
    expect(largestStream(planGrowth(cos, 32 * MiB)) / GiB).toBeCloseTo(155.2, 1)
    expect(largestStream(planGrowth(cos, 256 * MiB)) / TiB).toBeGreaterThan(1)
    const spooled = planGrowth(cos, Number.POSITIVE_INFINITY)
    expect(largestStream(spooled) / TiB).toBeGreaterThan(45)
    const widest = planGrowth(cos, Number.POSITIVE_INFINITY, 5 * GiB)
    expect(largestStream(widest)).toBe(50_000 * GiB)
  })
})

describe('a part size that holds the parts of the source whole', () => {
  it.each([
    ['theirs, where it will do', GiB, 8 * MiB, ceph, 8 * MiB],
    ['several of theirs, where theirs are below the least', GiB, 3 * MiB, ceph, 6 * MiB],
    ['several of theirs, where there would be too many', 100 * GiB, 5 * MiB, ceph, 15 * MiB],
    ['none, where theirs are out of proportion', 100 * GiB, 5 * GiB, ceph, undefined],
    ['none, where there is but one', GiB / 4, GiB / 4, ceph, undefined],
    ['none, where the sink takes no such parts', GiB, 8 * MiB, limitsOf({ maxPartSize: MiB }), undefined],
  ])('is %s', (_, size, inner, limits, chosen) => {
    expect(nestingPartSize(size, inner, limits)).toBe(chosen)
  })
})
