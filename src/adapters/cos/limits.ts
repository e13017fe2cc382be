import { invalid } from './invalid'

/** Sizes in bytes. Defaults from https://www.tencentcloud.com/document/product/436/14518 (Specifications and Limits). */
export interface CosLimits {
  /** Of every part but the last. @default 1 MiB */
  readonly minPartSize?: number
  /** @default 5 GiB */
  readonly maxPartSize?: number
  /** @default 10000 */
  readonly maxParts?: number
  /** @default 50000 GiB */
  readonly maxObjectSize?: number
  /** The largest object sent in one request, from memory; a larger one goes in parts. @default 8 MiB */
  readonly maxPutSize?: number
}

const mebibyte = 1024 ** 2
const gibibyte = 1024 ** 3

export const defaultLimits: Required<CosLimits> = {
  minPartSize: mebibyte,
  maxPartSize: 5 * gibibyte,
  maxParts: 10_000,
  maxObjectSize: 50_000 * gibibyte,
  maxPutSize: 8 * mebibyte,
}

/** @throws INVALID_OPTION for an unknown limit, or one that is no positive integer */
export function readLimits(given: CosLimits = {}): Required<CosLimits> {
  if (typeof given !== 'object' || given === null) throw invalid('limits', 'must be an object')
  for (const [name, value] of Object.entries(given)) {
    if (!(name in defaultLimits)) throw invalid(`limits.${name}`, 'is not known')
    if (value !== undefined && !(Number.isSafeInteger(value) && value > 0)) {
      throw invalid(`limits.${name}`, 'must be a positive integer')
    }
  }
  const set = Object.entries(given).filter(([, value]) => value !== undefined)
  const limits = { ...defaultLimits, ...Object.fromEntries(set) }
  if (limits.minPartSize > limits.maxPartSize) {
    throw invalid('limits.minPartSize', 'must not be larger than limits.maxPartSize')
  }
  return limits
}
