/** When a process is killed, counted from its call of transfer(). */
export type Moment = { readonly afterMs: number } | { readonly afterBytes: number }

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
