import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConcurrencyController } from '../../../../src/transfer/flight/concurrency'
import { seeded } from '../../../support/seeded'
import { type Backend, noise, simulate, timed } from '../../simulation/simulate'

const MiB = 1024 ** 2
const seed = fc.integer({ min: 1, max: 2 ** 31 })

const partSize = 16 * MiB
const given = (concurrency: number) => ({ start: concurrency, limit: concurrency })

interface Scene {
  readonly limit: number
  readonly parts: number
  readonly backend: Backend
}

/** The same backend, made anew for each run, so that all meet the same luck. */
function run(seedOf: number, make: (random: () => number) => Scene, fixed?: number) {
  const random = seeded(seedOf)
  const { limit, parts, backend } = make(random)
  const size = parts * partSize
  return simulate({ backend, range: given(limit), size, partSize, random, ...(fixed && { fixed }) })
}

describe('the concurrency of a transfer', () => {
  it('begins at the limit', () => {
    expect(new ConcurrencyController(given(7)).concurrency).toBe(7)
  })

  it('falls once for a burst of refusals, whatever their number', () => {
    const controller = new ConcurrencyController(given(16))
    const changes = Array.from({ length: 16 }, (_, index) => controller.throttled(0, 100 + index))
    expect(changes.filter((change) => change)).toEqual([{ concurrency: 12, reason: 'throttled' }])
  })

  it('falls again for a refusal of what began after the last decrease', () => {
    const controller = new ConcurrencyController(given(16))
    controller.throttled(0, 100)
    expect(controller.throttled(101, 150)).toEqual({ concurrency: 9, reason: 'throttled' })
  })

  it('grows by one for each round of successes, and faster the longer nothing is refused', () => {
    const controller = new ConcurrencyController(given(64))
    for (let now = 1; now < 40; now += 1) controller.throttled(now, now)
    expect(controller.concurrency).toBe(1)
    const steps: number[] = []
    for (let parts = 1; controller.concurrency < 64; parts += 1) {
      if (controller.arrived({ startedAt: 50, inFlight: 1, now: 100, bytes: 1 })) steps.push(parts)
    }
    const gaps = steps.map((parts, index) => parts - (steps[index - 1] ?? 0))
    // From 1 the first step is tried for some rounds; in the end each success is a step.
    expect(gaps[0]).toBeGreaterThanOrEqual(4)
    expect(gaps).toEqual([...gaps].sort((a, b) => b - a))
    expect(gaps.slice(10).every((gap) => gap === 1)).toBe(true)
  })

  it('stays from 1 to the limit, whatever happens', () => {
    const step = fc.record({
      refused: fc.boolean(),
      took: fc.integer({ min: 0, max: 100_000 }),
      passed: fc.integer({ min: 0, max: 10_000 }),
      bytes: fc.integer({ min: 0, max: 64 * MiB }),
    })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), fc.array(step, { maxLength: 400 }), (limit, steps) => {
        const controller = new ConcurrencyController(given(limit))
        let now = 100_000
        for (const { refused, took, passed, bytes } of steps) {
          now += passed
          const startedAt = now - took
          const before = controller.concurrency
          const change = refused
            ? controller.throttled(startedAt, now)
            : controller.arrived({ startedAt, inFlight: before, now, bytes })
          const { concurrency } = controller
          expect(concurrency).toBeGreaterThanOrEqual(1)
          expect(concurrency).toBeLessThanOrEqual(limit)
          expect(change?.concurrency ?? before).toBe(concurrency)
          if (change) expect(change.concurrency > before).toBe(change.reason === 'success')
        }
      }),
      { numRuns: 300 },
    )
  })

  it('is back at the limit some time after an outage', () => {
    fc.assert(
      fc.property(seed, fc.integer({ min: 1, max: 24 }), (seedOf, limit) => {
        const outcome = run(seedOf, (random) => ({
          limit,
          parts: 40 * limit + 100,
          backend: timed(
            () => 300 * noise(random, 0.3),
            (_, now) => now > 5000 && now < 12_000,
          ),
        }))
        if (limit > 1) expect(outcome.lowest).toBeLessThan(limit)
        expect(outcome.last).toBe(limit)
      }),
      { numRuns: 60 },
    )
  })

  it('settles near what a backend bears, and is nearly as fast as the best fixed setting', () => {
    const settings = fc.tuple(fc.integer({ min: 2, max: 16 }), fc.integer({ min: 1, max: 16 }))
    const shares: number[] = []
    fc.assert(
      fc.property(seed, settings, (seedOf, [limit, bears]) => {
        const make = (random: () => number) => ({
          limit,
          parts: 400,
          backend: timed(
            () => 1000 * noise(random, 0.3),
            (inFlight) => inFlight >= bears,
          ),
        })
        const best = Math.min(
          ...Array.from({ length: limit }, (_, index) => run(seedOf, make, index + 1).milliseconds),
        )
        const outcome = run(seedOf, make)
        shares.push(best / outcome.milliseconds)
        expect(best / outcome.milliseconds).toBeGreaterThan(0.87)
        const settled = outcome.course.slice(outcome.course.length >> 1)
        for (const { concurrency } of settled) expect(concurrency).toBeLessThanOrEqual(bears + 1)
        for (const { concurrency } of settled) {
          expect(concurrency).toBeGreaterThanOrEqual(Math.floor(0.75 * Math.min(limit, bears)))
        }
      }),
      { numRuns: 60 },
    )
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length
    expect(mean).toBeGreaterThan(0.95)
  })

  it('stays near the limit where a healthy backend is noisy', () => {
    fc.assert(
      fc.property(
        seed,
        fc.integer({ min: 1, max: 32 }),
        fc.double({ min: 0, max: 0.6, noNaN: true }),
        (seedOf, limit, spread) => {
          const outcome = run(seedOf, (random) => ({
            limit,
            parts: 100 * limit,
            backend: timed(() => 500 * noise(random, spread)),
          }))
          expect(outcome.mean / limit).toBeGreaterThan(0.8)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('does not take the sharing of a line for rising latency', () => {
    fc.assert(
      fc.property(seed, fc.integer({ min: 4, max: 24 }), (seedOf, limit) => {
        const outcome = run(seedOf, (random) => ({
          limit,
          parts: 60 * limit,
          // After the refusals each part is alone on the line and fast; then they share it again.
          backend: timed(
            (inFlight) => 100 * inFlight * noise(random, 0.3),
            (_, now) => now > 5000 && now < 9000,
          ),
        }))
        expect(outcome.course.filter(({ reason }) => reason === 'latency')).toEqual([])
        expect(outcome.last).toBe(limit)
      }),
      { numRuns: 40 },
    )
  })

  it('falls where latency rises with the load, until it helps, and grows again', () => {
    const overloaded = (limit: number) => (random: () => number) => ({
      limit,
      parts: 200 * limit,
      backend: timed(
        (inFlight, now) =>
          500 *
          noise(random, 0.2) *
          (now > 20_000 && now < 200_000 ? Math.max(1, (inFlight / limit) * 4) ** 2 : 1),
      ),
    })
    for (const limit of [4, 8, 16]) {
      const { course, last } = run(limit, overloaded(limit))
      const lowered = course.filter(({ reason }) => reason === 'latency')
      expect(lowered[0]!.time).toBeGreaterThan(20_000)
      expect(Math.min(...lowered.map(({ concurrency }) => concurrency))).toBeLessThanOrEqual(limit / 2)
      expect(last).toBe(limit)
    }
  })

  it('returns to the limit where fewer parts in flight do not make a slow backend faster', () => {
    const { course, last } = run(1, (random) => ({
      limit: 8,
      parts: 800,
      backend: timed((_, now) => (now > 20_000 ? 3000 : 500) * noise(random, 0.2)),
    }))
    expect(course.filter(({ reason }) => reason === 'latency')).toHaveLength(2)
    expect(last).toBe(8)
  })
})
