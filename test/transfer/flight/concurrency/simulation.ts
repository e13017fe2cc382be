import { ConcurrencyController } from '../../../../src/transfer/flight/concurrency'

/** A backend on a clock of its own, in milliseconds. */
export interface Backend {
  /** Whether it refuses a request that comes when so many others are being served. */
  refuses?(inFlight: number, now: number): boolean
  /** How long it takes for a part that begins when so many are being served, this one included. */
  duration(inFlight: number, now: number): number
}

export interface Simulation {
  readonly backend: Backend
  readonly limit: number
  readonly parts: number
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

const partSize = 16 * 1024 ** 2
/** Milliseconds until a refusal is there. */
const refusalTime = 20

interface SimulatedPart {
  failures: number
}

/** What moveParts does, without bytes: workers, slots, retries with full jitter. */
export function simulate({ backend, limit, parts, fixed, random }: Simulation): Outcome {
  const controller = new ConcurrencyController(limit)
  const concurrency = () => fixed ?? controller.concurrency
  const events: { at: number; run: () => void }[] = []
  const after = (milliseconds: number, run: () => void) => events.push({ at: now + milliseconds, run })
  let now = 0
  let [begun, inHand, inFlight, served, left, refusals] = [0, 0, 0, 0, parts, 0]
  const again: SimulatedPart[] = []
  const first: SimulatedPart[] = []
  const course: { time: number; concurrency: number; reason: string }[] = []
  let [area, lowest] = [0, concurrency()]
  const note = (change: { concurrency: number; reason: string } | undefined) => {
    if (!change || fixed !== undefined) return
    course.push({ time: now, ...change })
    lowest = Math.min(lowest, change.concurrency)
  }

  const serve = () => {
    for (; inHand < limit && begun < parts; begun += 1, inHand += 1) first.push({ failures: 0 })
    while (inFlight < concurrency()) {
      const part = again.shift() ?? first.shift()
      if (!part) return
      inFlight += 1
      send(part)
    }
  }
  const send = (part: SimulatedPart) => {
    const start = { startedAt: now, inFlight }
    if (backend.refuses?.(served, now)) {
      after(refusalTime, () => {
        inFlight -= 1
        refusals += 1
        part.failures += 1
        note(controller.throttled(start.startedAt, now))
        after(random() * Math.min(10_000, 200 * 2 ** (part.failures - 1)), () => again.push(part))
      })
      return
    }
    served += 1
    after(backend.duration(served, now), () => {
      served -= 1
      inFlight -= 1
      inHand -= 1
      left -= 1
      note(controller.arrived({ ...start, now, bytes: partSize }))
    })
  }

  for (serve(); left > 0; serve()) {
    events.sort((a, b) => b.at - a.at)
    const next = events.pop()!
    area += (next.at - now) * concurrency()
    now = next.at
    next.run()
  }
  return { milliseconds: now, refusals, course, mean: area / now, lowest, last: concurrency() }
}

/** Many small deviations and a few large ones, as on a machine that others use too; 1 on the middle. */
export const noise = (random: () => number, spread: number): number =>
  Math.exp(spread * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()))
