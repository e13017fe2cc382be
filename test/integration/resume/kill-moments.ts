/** When a process is killed, counted from its call of transfer(). */
export type Moment = { readonly afterMs: number } | { readonly afterBytes: number }

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export interface MomentOptions {
  /** Kills while bytes move. */
  readonly late: number
  /** Bytes: the latest of them. */
  readonly maxBytes: number
  /** Kills while the checkpoint is loaded, the session taken up and its parts listed, or shortly afterwards. */
  readonly early: number
  /** Milliseconds: the latest of them. */
  readonly maxMs: number
}

/**
 * Random moments, of which each stretch of the time has one: their sum hardly depends on the seed, so that all of them
 * fall within one object. The first is a late one: before the first save there is nothing to resume.
 */
export function killMoments(random: () => number, options: MomentOptions): Moment[] {
  const { late, maxBytes, early, maxMs } = options
  const spread = (count: number, max: number) =>
    Array.from({ length: count }, (_, nth) => ((nth + random()) / count) * max)
  const [first = 0, ...bytes] = shuffled(random, spread(late, maxBytes))
  const rest: Moment[] = [
    ...bytes.map((afterBytes) => ({ afterBytes })),
    ...spread(early, maxMs).map((afterMs) => ({ afterMs })),
  ]
  return [{ afterBytes: first }, ...shuffled(random, rest)]
}

function shuffled<T>(random: () => number, items: readonly T[]): T[] {
  const left = [...items]
  return items.map(() => left.splice(Math.floor(random() * left.length), 1)[0]!)
}
