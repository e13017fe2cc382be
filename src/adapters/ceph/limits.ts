import { attributeNames } from '../../contract/attribute-names'
import type { SinkCapabilities } from '../../contract/sink'

const MiB = 1024 ** 2
const GiB = 1024 ** 3

/** Sizes in bytes. What the operator of a gateway has changed is to be changed here too. */
export interface CephLimits {
  /** Every part but the last. @default 5 MiB (`rgw_multipart_min_part_size`) */
  readonly minPartSize: number
  /** @default 5 GiB (`rgw_max_put_size`) */
  readonly maxPartSize: number
  /** @default 10000 (`rgw_multipart_part_upload_limit`) */
  readonly maxParts: number
  /** @default maxPartSize x maxParts */
  readonly maxObjectSize: number
  /** The largest object that is sent in one request; it is held in memory. @default 8 MiB */
  readonly maxPutSize: number
}

const defaults = { minPartSize: 5 * MiB, maxPartSize: 5 * GiB, maxParts: 10_000, maxPutSize: 8 * MiB }

export const limitNames: ReadonlyArray<keyof CephLimits> = [
  'minPartSize',
  'maxPartSize',
  'maxParts',
  'maxObjectSize',
  'maxPutSize',
]

export function limitsWith(changes: Partial<CephLimits> = {}): CephLimits {
  const limits = { ...defaults, ...changes }
  const product = limits.maxPartSize * limits.maxParts
  return { ...limits, maxObjectSize: changes.maxObjectSize ?? Math.min(product, Number.MAX_SAFE_INTEGER) }
}

export function capabilitiesOf(limits: CephLimits): SinkCapabilities {
  return {
    ...limits,
    attributes: attributeNames,
    // The one class every gateway has; its operator may have made others, which can be set.
    storageClasses: ['STANDARD'],
    attests: ['md5'],
    // Gateways up to at least 16.2 take `If-None-Match: *` on PUT and on Complete, and overwrite all the same.
    createOnly: 'checked',
    duplicateParts: true,
  }
}
