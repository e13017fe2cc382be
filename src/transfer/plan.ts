import { TransferError } from '../contract/errors'
import type { Limits } from './options'

export const KiB = 1024
export const MiB = 1024 * KiB

/** Bytes of a part of a small object: less would be requests more than bytes. */
export const smallestDefault = 8 * MiB
/** Larger ones save next to nothing, and cost more to send again. */
const largestDefault = 64 * MiB
/** Up to so many of the smallest parts fill the places there are while it is found out how many pay; beyond, fewer requests count for more. */
const mostSmallest = 128
/** Parts of an object before they are made larger: enough for any number in flight, and for it to be found out. */
const mostDefault = 1024
const defaultHeldPartSize = 8 * MiB

/** A growing part is at most one hundredth of what was sent before it: waste stays small, and growth is exponential. */
const growthDivisor = 100

export interface Plan {
  /** Bytes of every part but the last. */
  readonly partSize: number
  readonly parts: number
}

/**
 * Cuts `size` bytes into equal parts, all but the last; exact for every safe integer.
 * @throws TOO_LARGE when no part size within the limits will do; INVALID_OPTION when the one asked for will not
 */
export function planParts(size: number, limits: Limits, partSize?: number): Plan {
  if (size > limits.maxObjectSize) throw tooLarge(size, limits.maxObjectSize)
  const needed = ceilDivide(size, limits.maxParts)
  if (needed > limits.maxPartSize) throw tooLarge(size, limits.maxParts * limits.maxPartSize)
  if (partSize !== undefined && partSize < needed) {
    throw new TransferError(
      'INVALID_OPTION',
      `Option partSize ${partSize} would cut ${size} bytes into more than ${limits.maxParts} parts; ` +
        `use at least ${needed}, or leave it out.`,
      { context: { option: 'partSize', size, needed } },
    )
  }
  const chosen = partSize ?? chooseSize(Math.max(needed, defaultPartSize(size)), limits)
  return { partSize: chosen, parts: ceilDivide(size, chosen) }
}

/**
 * Bytes of a part by those of the object alone: what is moved twice is cut twice alike, and so has the same ETag. From
 * 8 to 64 MiB, always a power of two, as those who guess the parts of an object by its ETag expect.
 */
export function defaultPartSize(size: number): number {
  if (size <= mostSmallest * smallestDefault) return smallestDefault
  let partSize = 2 * smallestDefault
  while (partSize < largestDefault && size > mostDefault * partSize) partSize *= 2
  return partSize
}

/** Bytes of the largest part chosen for the sake of a check: a part is what a failure of the sink sends again. */
const largestNesting = 512 * MiB

/**
 * The smallest part size that holds parts of `inner` bytes whole, and cuts `size` bytes within the limits.
 * Undefined where it would be out of proportion.
 */
export function nestingPartSize(size: number, inner: number, limits: Limits): number | undefined {
  const least = Math.max(limits.minPartSize, ceilDivide(size, limits.maxParts))
  const partSize = inner * Math.max(1, ceilDivide(least, inner))
  return inner < size && partSize <= Math.min(limits.maxPartSize, largestNesting) ? partSize : undefined
}

/** How a stream is cut whose parts are held until the sink has them. */
export interface Growth {
  readonly first: number
  /** Bytes a part may grow to. */
  readonly max: number
  readonly maxParts: number
}

/**
 * @param holdable bytes that may be held at once: half of it for the part being sent, half for the one being read
 * @throws INVALID_OPTION when not even the smallest part can be held
 */
export function planGrowth(limits: Limits, holdable: number, partSize?: number): Growth {
  const smallest = partSize ?? limits.minPartSize
  if (smallest > holdable) {
    throw new TransferError(
      'INVALID_OPTION',
      `Option memoryBudget allows ${holdable} bytes, but the parts of a stream are held until they are accepted ` +
        `and this sink takes none below ${smallest}; raise it, or give the stream a spool folder.`,
      { context: { option: 'memoryBudget', holdable, smallest } },
    )
  }
  const max = Math.min(limits.maxPartSize, Math.max(smallest, Math.floor(holdable / 2)))
  const first = partSize ?? Math.min(max, Math.max(limits.minPartSize, defaultHeldPartSize))
  return { first, max, maxParts: limits.maxParts }
}

/** Bytes of the part that follows `delivered` bytes. */
export function growingPartSize(delivered: number, growth: Growth): number {
  const grown = roundUp(Math.floor(delivered / growthDivisor), MiB)
  return Math.min(growth.max, Math.max(growth.first, grown))
}

/** The largest stream, in bytes, that such parts can carry. */
export function largestStream(growth: Growth): number {
  let delivered = 0
  for (let part = 0; part < growth.maxParts; part += 1) delivered += growingPartSize(delivered, growth)
  return delivered
}

export function ceilDivide(dividend: number, divisor: number): number {
  const rest = dividend % divisor
  return (dividend - rest) / divisor + (rest > 0 ? 1 : 0)
}

function chooseSize(wanted: number, limits: Limits): number {
  return Math.max(limits.minPartSize, Math.min(limits.maxPartSize, roundUp(wanted, MiB)))
}

function roundUp(value: number, unit: number): number {
  return ceilDivide(value, unit) * unit
}

export function tooLarge(size: number, largest: number): TransferError {
  return new TransferError('TOO_LARGE', `The sink takes objects of at most ${largest} bytes, not ${size}.`, {
    context: { size, largest },
  })
}
