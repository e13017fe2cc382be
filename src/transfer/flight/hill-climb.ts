import type { Arrival } from './concurrency'
import type { ConcurrencyRange } from './concurrency-range'

/** How much further each step goes: far while each one is a clear gain, a little once the top is near. */
const far = 2
const near = 1.5

/** Throughput asked of more parts in flight, as a share of what they would bring if none slowed another; else they are not worth their memory. */
const worth = 0.1
/** A share that is seen at once, by most of a generation of parts; a smaller one needs two, and so many parts at least. */
const clear = 0.5
const fewest = 24

/** Share of its places that must be seen in use for a level to count as used, and of its parts to arrive for a gain. */
const full = 0.75

/** Generations of parts for which a level that was found good is kept before its neighbours are tried. */
const shortestStay = 8
const longestStay = 128

/** Parts are counted for a level only if they began at it. */
interface Measurement {
  readonly since: number
  count: number
  bytes: number
  milliseconds: number
  /** Parts seen in flight at once: with fewer than the level allows, something else is the bound. */
  inFlight: number
}

/**
 * Finds how many parts in flight bring the most bytes, as TCP finds its window: twice as many as long as that is a
 * clear gain, then small steps up and down from time to time. Where more bring nothing, fewer are kept.
 *
 * Throughput is measured by Little's law, parts in flight times bytes by time of a part: unlike the bytes that arrived
 * in some stretch of time it does not depend on whether many parts happened to end in it.
 */
export class HillClimb {
  readonly #least: number
  readonly #limit: number
  #level: number
  #measured: Measurement
  /** What is known of the level a step was made from, and that level; undefined where none is being tried. */
  #before: { readonly level: number; readonly throughput: number } | undefined
  #step: typeof far | typeof near = far
  #upwards = true
  #stay = 0

  constructor({ start, limit }: ConcurrencyRange) {
    this.#level = start
    this.#least = Math.min(start, 4)
    this.#limit = limit
    this.#measured = measure(Number.NEGATIVE_INFINITY)
  }

  /** Parts that may be in flight. */
  get level(): number {
    return this.#level
  }

  /** The backend wants fewer: what was measured so far says nothing, and the level is the most to come back to. */
  interrupted(now: number): void {
    this.#before = undefined
    this.#settle()
    this.#measured = measure(now)
  }

  arrived({ startedAt, inFlight, now, bytes }: Arrival): void {
    const measured = this.#measured
    if (startedAt < measured.since || bytes === 0) return
    measured.count += 1
    measured.bytes += bytes
    measured.milliseconds += Math.max(now - startedAt, 1)
    measured.inFlight = Math.max(measured.inFlight, inFlight)
    if (this.#before) this.#judge(this.#before, now)
    else if (measured.count >= Math.max(this.#level, this.#stay * this.#level)) this.#try(now)
  }

  /** Whether the step that was made last is kept. */
  #judge(before: { level: number; throughput: number }, now: number): void {
    const { count } = this.#measured
    const step = this.#level / before.level - 1
    // The first of a generation to arrive are the fastest: a loss they show is one, a gain need not be.
    if (count < this.#level * (step > 0 ? full : 0.5)) return
    const gain = this.#throughput / before.throughput - 1
    /** Of what the step would bring, or cost, if each part were as fast as before. */
    const share = gain / step
    const certain = count >= Math.max(2 * this.#level, fewest)
    if (share >= clear) this.#decide(step > 0, before.level, now)
    else if (certain) this.#decide(share >= worth === step > 0, before.level, now)
  }

  #decide(good: boolean, previous: number, now: number): void {
    if (good) this.#keep(now)
    else this.#goBack(previous, now)
  }

  /** It goes on in the same direction, from what has just been measured. */
  #keep(now: number): void {
    this.#stay = this.#step === far ? 0 : shortestStay
    this.#try(now)
  }

  /** A while later the other direction is tried. */
  #goBack(level: number, now: number): void {
    this.#settle()
    this.#upwards = !this.#upwards
    this.#before = undefined
    this.#go(level, now)
  }

  #settle(): void {
    this.#step = near
    this.#stay = Math.min(longestStay, Math.max(shortestStay, 2 * this.#stay))
  }

  #try(now: number): void {
    const level = this.#level
    // More places than are used bring nothing.
    if (this.#inFlight < level) this.#upwards = false
    const wanted = this.#upwards ? Math.ceil(level * this.#step) : Math.floor(level / near)
    const next = Math.min(this.#limit, Math.max(this.#least, wanted))
    if (next === level) {
      this.#goBack(level, now)
    } else {
      this.#before = { level, throughput: this.#throughput }
      this.#go(next, now)
    }
  }

  /** The first parts of a level saw a few less, and are the first to arrive. */
  get #inFlight(): number {
    const { inFlight } = this.#measured
    return inFlight >= full * this.#level ? this.#level : inFlight
  }

  /** Bytes per millisecond of all parts in flight together. */
  get #throughput(): number {
    const { bytes, milliseconds } = this.#measured
    return (this.#inFlight * bytes) / milliseconds
  }

  #go(level: number, now: number): void {
    this.#level = level
    this.#measured = measure(now)
  }
}

const measure = (since: number): Measurement => ({ since, count: 0, bytes: 0, milliseconds: 0, inFlight: 0 })
