import type { ConcurrencyRange } from './concurrency-range'
import { HillClimb } from './hill-climb'
import { PaceMonitor } from './pace-monitor'

export interface ConcurrencyChange {
  /** Parts that may be in flight from now on. */
  readonly concurrency: number
  readonly reason: 'throttled' | 'latency' | 'success' | 'throughput'
}

/** When a part was sent, and how many were in flight then, itself included. */
export interface Start {
  readonly startedAt: number
  readonly inFlight: number
}

/** A part that arrived. Times are milliseconds of one clock that never goes back. */
export interface Arrival extends Start {
  readonly now: number
  readonly bytes: number
}

/** What is left after a decrease: gentle enough that a backend with a fixed limit stays nearly used up. */
const decrease = 0.75

/** Rounds that a concurrency which worked is kept before one more is tried where the last try was refused. */
const caution = 4

/**
 * How many parts may be in flight: one less for each sign of overload would be too little, so each takes a quarter;
 * each round of successes gives one back. Where it was refused last it stays a while, then tries one more, and goes on
 * faster with each step that is not refused. Where the range leaves it open, the most is what a climb finds to be worth
 * its while. It has no clock: the time comes with each call.
 */
export class ConcurrencyController {
  readonly #range: ConcurrencyRange
  readonly #climb: HillClimb | undefined
  readonly #pace = new PaceMonitor()
  /** A real number, so that successes add up; its whole part counts. */
  #window: number
  /** Where it last was too much. */
  #refused = Number.POSITIVE_INFINITY
  /** Added per round above what is known to work; doubles with each step. */
  #gain = 1
  #loweredAt = Number.NEGATIVE_INFINITY
  /** Lowered for latency, and it is not known yet what came of it. */
  #measuring = false

  constructor(range: ConcurrencyRange) {
    this.#range = range
    this.#climb = range.start < range.limit ? new HillClimb(range) : undefined
    this.#window = range.start
  }

  get concurrency(): number {
    return Math.floor(this.#window)
  }

  /**
   * The backend refused a request that began at `startedAt`. One that began before the last decrease says nothing
   * new: all that are refused in one burst are one decrease.
   */
  throttled(startedAt: number, now: number): ConcurrencyChange | undefined {
    if (startedAt < this.#loweredAt) return undefined
    return this.#lower('throttled', now)
  }

  arrived(arrival: Arrival): ConcurrencyChange | undefined {
    const current = arrival.startedAt >= this.#loweredAt
    const rising = current ? this.#pace.isRising(arrival) : undefined
    if (rising) return this.#lower('latency', arrival.now)
    if (rising === false) this.#measuring = false
    if (this.#measuring) return undefined
    return this.#window < this.#most ? this.#raise() : this.#climbOn(arrival)
  }

  get #most(): number {
    return this.#climb?.level ?? this.#range.limit
  }

  #climbOn(arrival: Arrival): ConcurrencyChange | undefined {
    if (!this.#climb) return undefined
    const before = this.concurrency
    this.#climb.arrived(arrival)
    this.#window = this.#climb.level
    return this.#change(before, 'throughput')
  }

  #lower(reason: 'throttled' | 'latency', now: number): ConcurrencyChange | undefined {
    const before = this.concurrency
    this.#loweredAt = now
    this.#refused = before
    this.#gain = reason === 'throttled' ? 1 / caution : 1
    this.#measuring = reason === 'latency'
    this.#window = Math.max(1, this.#window * decrease)
    this.#pace.forget()
    this.#climb?.interrupted(now)
    return this.#change(before, reason)
  }

  #raise(): ConcurrencyChange | undefined {
    const before = this.concurrency
    const known = this.#window < this.#refused - 1
    const gain = known ? 1 : Math.min(this.#gain, this.#window)
    this.#window = Math.min(this.#most, this.#window + gain / this.#window)
    if (!known && this.concurrency > before) this.#gain *= 2
    return this.#change(before, 'success')
  }

  #change(before: number, reason: ConcurrencyChange['reason']): ConcurrencyChange | undefined {
    const { concurrency } = this
    return concurrency === before ? undefined : { concurrency, reason }
  }
}
