import { describe, expect, it } from 'vitest'
import { concurrencyRange } from '../../../../src/transfer/flight/concurrency-range'

const MiB = 1024 ** 2
const usual = { held: false, most: 10_000, budget: 256 * MiB }

describe('the range of the concurrency', () => {
  it('is the number that was given, whatever it is', () => {
    for (const given of [1, 3, 8, 100]) {
      expect(concurrencyRange(given, usual)).toEqual({ start: given, limit: given })
      expect(concurrencyRange(given, { ...usual, held: true, budget: 1 })).toEqual({
        start: given,
        limit: given,
      })
    }
  })

  it.each([
    [1, 4, 4],
    [16, 4, 4],
    [32, 4, 8],
    [64, 4, 16],
    [128, 8, 32],
    [256, 8, 32],
    [100_000, 8, 32],
  ])('fits a memory budget of %i MiB', (budget, start, limit) => {
    expect(concurrencyRange(undefined, { ...usual, budget: budget * MiB })).toEqual({ start, limit })
  })

  it('is narrow where parts are held, and where they must come in order', () => {
    expect(concurrencyRange(undefined, { ...usual, held: true })).toEqual({ start: 4, limit: 4 })
    expect(concurrencyRange(undefined, { ...usual, most: 1 })).toEqual({ start: 1, limit: 1 })
    expect(concurrencyRange(7, { ...usual, most: 1 })).toEqual({ start: 1, limit: 1 })
  })
})
