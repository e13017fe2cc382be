import { passingCost } from '../parts/part-task'
import type { AgreedPart } from '../parts/receipts'
import { median } from './median'
import type { Moving, PartFlight } from './part-flight'

/** How many times longer than the median a part must take, and at least how many milliseconds, to count as lagging. */
const lag = 3
const leastLag = 2000

/** Before so many parts have arrived there is no telling what is usual; later than the last so many, what was. */
const fewest = 3
const most = 100

/** Milliseconds between two looks. */
const interval = 100

/** Milliseconds after which a part lags, by those that the latest parts took to arrive. */
export function patienceFor(durations: readonly number[]): number {
  if (durations.length < fewest) return Number.POSITIVE_INFINITY
  return Math.max(leastLag, lag * median(durations))
}

/**
 * Watches the parts in flight. When none is left to begin, those that lag far behind the others are sent again on
 * another connection, as long as there is a free slot and free memory: it never waits for either.
 */
export class Stragglers {
  readonly #moving: Moving
  readonly #flights = new Set<PartFlight>()
  #durations: number[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(moving: Moving) {
    this.#moving = moving
  }

  async watchOver(flight: PartFlight): Promise<AgreedPart> {
    this.#flights.add(flight)
    const begun = performance.now()
    try {
      const agreed = await flight.land()
      this.#durations = [...this.#durations, performance.now() - begun].slice(-most)
      return agreed
    } finally {
      this.#flights.delete(flight)
    }
  }

  /** No part is left to begin. May be called again. */
  start(): void {
    if (!this.#moving.run.sink.capabilities?.duplicateParts) return
    this.#timer ??= setInterval(() => this.#look(), interval)
  }

  end(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    if (this.#moving.run.draining.aborted) return
    const patience = patienceFor(this.#durations)
    for (const flight of this.#flights) {
      if (flight.lags(patience) && !this.#sendAgain(flight)) return
    }
  }

  #sendAgain(flight: PartFlight): boolean {
    const { run, slots } = this.#moving
    const release = run.budget.tryAcquire(Math.min(passingCost, flight.task.size))
    if (!release) return false
    if (!slots.tryEnter()) {
      release()
      return false
    }
    flight.duplicate(release)
    return true
  }
}
