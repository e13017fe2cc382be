import { MiB } from '../plan'

/** Parts in flight to begin with, and at most. Where both are one number, nothing is found out. */
export interface ConcurrencyRange {
  readonly start: number
  readonly limit: number
}

/** Every backend bears so many; a transfer in little memory keeps to it. */
const modest = 4
/** Beyond, one process gains little on any network, and takes from its neighbours. */
const ceiling = 32
/**
 * Bytes of the memory budget for each part in flight: the buffers of its two sockets are half a MiB, those of the
 * kernel and what the SDKs hold for it come on top, and other transfers want theirs.
 */
const budgetPerPart = 4 * MiB

/** What the choice depends on. */
export interface Circumstances {
  /** Each part in flight holds all its bytes. */
  readonly held: boolean
  /** Parts that may be in flight at all. */
  readonly most: number
  /** Bytes. */
  readonly budget: number
}

/** A number that was given is begun with and not exceeded; without one the range is left to measurement. */
export function concurrencyRange(
  given: number | undefined,
  { held, most, budget }: Circumstances,
): ConcurrencyRange {
  const affordable = held ? modest : Math.floor(budget / budgetPerPart)
  const limit = Math.min(most, given ?? Math.min(ceiling, Math.max(modest, affordable)))
  return { start: given === undefined ? Math.min(limit, Math.max(modest, limit >> 2)) : limit, limit }
}
