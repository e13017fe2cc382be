import type { Arrival } from './concurrency'
import { median } from './median'

/** At least so many parts make one measurement, by their median: a few slow ones on a busy machine are no trend. */
const fewestSamples = 9

/** How many times slower than usual a part must be, and how many times less must arrive in all. */
const slowness = 3
const loss = 2

/** Milliseconds: differences between parts that are this quick are those of the machine's own scheduling. */
const negligible = 50

/** By how much one part may raise what counts as usual (what lasts becomes usual), and how far it lowers it. */
const raise = 1.01
const lowering = 0.2

/** Decreases in a row that may go without effect before the new pace is taken for the usual one. */
const fruitlessDecreases = 2
/** What a decrease must bring the time of a part down to, to count as one that had an effect. */
const effect = 0.8

interface Pace {
  /** Milliseconds per byte of one part. */
  readonly part: number
  /** Milliseconds per byte of all parts in flight together. */
  readonly all: number
}

/**
 * Tells rising latency from noise, from the sharing of a line, and from a backend that has become slow for good.
 *
 * - A part must take several times longer than usual, by a median.
 * - Less must arrive in all: on a line that is shared, more parts in flight are slower each and as fast together.
 * - Where fewer in flight do not make parts faster, the cause lies elsewhere: the new pace is then the usual one.
 */
export class PaceMonitor {
  #samples: Pace[] = []
  #largest = 0
  #usual: Pace | undefined
  /** What was measured at the last decrease. */
  #lastRise: number | undefined
  #fruitless = 0

  /** Concurrency was lowered: what was measured before says nothing of what is now. */
  forget(): void {
    this.#samples = []
  }

  /** Undefined until enough parts have arrived to tell. */
  isRising({ startedAt, now, bytes, inFlight }: Arrival): boolean | undefined {
    // The last part may be small, and takes long for its size.
    if (bytes === 0 || bytes < this.#largest / 2) return undefined
    this.#largest = Math.max(this.#largest, bytes)
    const part = Math.max(now - startedAt, negligible) / bytes
    this.#samples.push({ part, all: part / inFlight })
    if (this.#samples.length < Math.max(fewestSamples, inFlight)) return undefined
    const pace = {
      part: median(this.#samples.map((sample) => sample.part)),
      all: median(this.#samples.map((sample) => sample.all)),
    }
    this.#samples.shift()
    this.#usual = adapt(this.#usual, pace)
    return this.#judge(pace, this.#usual)
  }

  #judge(pace: Pace, usual: Pace): boolean {
    if (pace.part <= slowness * usual.part || pace.all <= loss * usual.all) {
      this.#lastRise = undefined
      this.#fruitless = 0
      return false
    }
    if (this.#lastRise !== undefined && pace.part > effect * this.#lastRise) this.#fruitless += 1
    this.#lastRise = pace.part
    if (this.#fruitless < fruitlessDecreases) return true
    this.#usual = pace
    this.#lastRise = undefined
    this.#fruitless = 0
    return false
  }
}

/** Follows a faster pace soon and a slower one little by little. */
function adapt(usual: Pace | undefined, pace: Pace): Pace {
  if (!usual) return pace
  const towards = (from: number, to: number) =>
    to > from ? Math.min(to, from * raise) : from + (to - from) * lowering
  return { part: towards(usual.part, pace.part), all: towards(usual.all, pace.all) }
}
