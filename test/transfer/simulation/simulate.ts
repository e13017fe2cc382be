import { ConcurrencyController } from '../../../src/transfer/flight/concurrency'
import type { ConcurrencyRange } from '../../../src/transfer/flight/concurrency-range'
import { Clock } from './clock'

/** How a request ended, beside its success. */
export type Failure = 'throttled' | 'failed'

/** Serves parts on the clock of the simulation. */
export interface Backend {
  send(clock: Clock, bytes: number, done: (failure?: Failure) => void): void
}

export interface Simulation {
  readonly backend: Backend
  readonly range: ConcurrencyRange
  /** Bytes in all, and of every part but the last. */
  readonly size: number
  readonly partSize: number
  /** Parts in flight, where they are not controlled. */
  readonly fixed?: number
  /** From 0 to 1. */
  readonly random: () => number
}

export interface Outcome {
  readonly milliseconds: number
  readonly refusals: number
  /** The concurrency at each change. */
  readonly course: readonly { readonly time: number; readonly concurrency: number; readonly reason: string }[]
  /** Of the concurrency, over time. */
  readonly mean: number
  readonly lowest: number
  readonly last: number
}

interface SimulatedPart {
  readonly bytes: number
  failures: number
}

/** What moveParts does, without bytes: workers, slots, the real controller, retries with full jitter. */
export function simulate({ backend, range, size, partSize, fixed, random }: Simulation): Outcome {
  const controller = new ConcurrencyController(range)
  const clock = new Clock()
  const concurrency = () => fixed ?? controller.concurrency
  let [begun, inHand, inFlight, left, refusals, workers] = [0, 0, 0, size, 0, range.start]
  const again: SimulatedPart[] = []
  const first: SimulatedPart[] = []
  const course: { time: number; concurrency: number; reason: string }[] = []
  let [area, lowest] = [0, concurrency()]
  const note = (change: { concurrency: number; reason: string } | undefined) => {
    if (!change || fixed !== undefined) return
    course.push({ time: clock.now, ...change })
    lowest = Math.min(lowest, change.concurrency)
    workers = Math.max(workers, change.concurrency)
  }

  const serve = () => {
    for (; inHand < workers && begun < size; inHand += 1) {
      const bytes = Math.min(partSize, size - begun)
      first.push({ bytes, failures: 0 })
      begun += bytes
    }
    while (inFlight < concurrency()) {
      const part = again.shift() ?? first.shift()
      if (!part) return
      inFlight += 1
      send(part)
    }
  }
  const send = (part: SimulatedPart) => {
    const start = { startedAt: clock.now, inFlight }
    backend.send(clock, part.bytes, (failure) => {
      inFlight -= 1
      if (failure) {
        part.failures += 1
        refusals += failure === 'throttled' ? 1 : 0
        if (failure === 'throttled') note(controller.throttled(start.startedAt, clock.now))
        clock.after(random() * Math.min(10_000, 200 * 2 ** (part.failures - 1)), () => again.push(part))
        return
      }
      inHand -= 1
      left -= part.bytes
      note(controller.arrived({ ...start, now: clock.now, bytes: part.bytes }))
    })
  }

  for (serve(); left > 0; serve()) {
    const [since, places] = [clock.now, concurrency()]
    clock.step()
    area += (clock.now - since) * places
  }
  const { now } = clock
  return { milliseconds: now, refusals, course, mean: area / now, lowest, last: concurrency() }
}

/** Milliseconds until a refusal is there. */
const refusalTime = 20

/** A backend whose parts take as long as is said, when so many are being served, this one included. */
export function timed(
  duration: (inFlight: number, now: number) => number,
  refuses: (inFlight: number, now: number) => boolean = () => false,
): Backend {
  let served = 0
  return {
    send(clock, _, done) {
      if (refuses(served, clock.now)) return clock.after(refusalTime, () => done('throttled'))
      served += 1
      clock.after(duration(served, clock.now), () => {
        served -= 1
        done()
      })
    },
  }
}

/** Many small deviations and a few large ones, as on a machine that others use too; 1 on the middle. */
export const noise = (random: () => number, spread: number): number =>
  Math.exp(spread * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()))
