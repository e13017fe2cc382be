import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seeded } from '../../../support/seeded'
import { type Backend, noise, simulate, timed } from '../../simulation/simulate'

const range = { start: 8, limit: 32 }
const partSize = 16 * 1024 ** 2

function run(backend: Backend, parts: number, random: () => number) {
  return simulate({ backend, range, size: parts * partSize, partSize, random })
}
const levels = (course: readonly { concurrency: number }[]) => course.map(({ concurrency }) => concurrency)

describe('a concurrency that was not given', () => {
  it('doubles with each generation of parts while that doubles the throughput', () => {
    const { course } = run(
      timed(() => 1000),
      400,
      seeded(1),
    )
    expect(levels(course).slice(0, 2)).toEqual([16, 32])
    expect(course[0]).toMatchObject({ time: 1000, reason: 'throughput' })
    expect(course[1]!.time).toBe(2000)
  })

  it('comes back where more bring nothing, and then takes fewer', () => {
    const { course, last } = run(
      timed((inFlight) => 100 * inFlight),
      2000,
      seeded(1),
    )
    expect(levels(course).slice(0, 2)).toEqual([16, 8])
    expect(last).toBeLessThanOrEqual(8)
    expect(Math.min(...levels(course))).toBeGreaterThanOrEqual(4)
  })

  it('stays near the start on a noisy line that a few parts fill', () => {
    const seeds = fc.integer({ min: 1, max: 2 ** 31 })
    fc.assert(
      fc.property(seeds, fc.double({ min: 0, max: 0.4, noNaN: true }), (seed, spread) => {
        const random = seeded(seed)
        const { mean } = run(
          timed((inFlight) => 50 * Math.max(4, inFlight) * noise(random, spread)),
          2000,
          random,
        )
        expect(mean).toBeLessThan(14)
      }),
      { numRuns: 30, seed: 1 },
    )
  })

  it.each([5, 8, 12, 20, 32])('finds that %i parts fill a line', (enough) => {
    const random = seeded(enough)
    const { course, mean } = run(
      timed((inFlight) => 500 * Math.max(1, inFlight / enough) * noise(random, 0.15)),
      3000,
      random,
    )
    const settled = levels(course).slice(course.length >> 1)
    expect(mean).toBeGreaterThan(0.85 * enough)
    expect(mean).toBeLessThan(Math.min(32, 1.8 * enough) + 1)
    expect(Math.min(...settled)).toBeGreaterThanOrEqual(Math.floor(enough / 1.5))
  })

  it('finds a line that has become wider', () => {
    const random = seeded(3)
    const { course } = run(
      timed((inFlight, now) => 500 * Math.max(1, inFlight / (now < 60_000 ? 8 : 32)) * noise(random, 0.1)),
      8000,
      random,
    )
    const before = course.filter(({ time }) => time < 60_000)
    expect(before.at(-1)!.concurrency).toBeLessThanOrEqual(12)
    expect(Math.max(...levels(course))).toBe(32)
  })

  it('leaves it to refusals where the backend bears fewer', () => {
    const { course, last } = run(
      timed(
        () => 1000,
        (inFlight) => inFlight >= 20,
      ),
      2000,
      seeded(1),
    )
    expect(course.some(({ reason }) => reason === 'throttled')).toBe(true)
    expect(last).toBeGreaterThanOrEqual(15)
    expect(last).toBeLessThanOrEqual(21)
  })
})
