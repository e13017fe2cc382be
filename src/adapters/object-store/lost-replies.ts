import { TransferError } from '../../contract/errors'
import type { PartReceipt } from '../../contract/sink'
import type { ObjectAttributes, ObjectInfo } from '../../contract/source'
import { combineAll } from '../../integrity/crc64'
import { compositeEtag, plainMd5Etag, sameEtag } from '../../integrity/etag'
import { hasAttributes } from './has-attributes'

/** True where the request may have been carried out although its reply is missing, or says otherwise. */
export function isAmbiguous(error: unknown): error is TransferError {
  if (!TransferError.is(error)) return false
  return (
    error.code === 'CONNECTION' ||
    error.code === 'TIMEOUT' ||
    error.code === 'SERVER_ERROR' ||
    // The caller gave up on a request that was under way.
    error.code === 'ABORTED'
  )
}

/** What the object must look like if the request with the lost reply was carried out. */
export interface Expected {
  readonly size: number
  /** Without quotes; undefined where the backend's ETags say nothing of the bytes. */
  readonly etag?: string
  /** Made of what the backend called the parts, whose MD5s nobody knows: proves by being equal, and only so. */
  readonly likelyEtag?: string
  readonly crc64?: string
  readonly attributes: ObjectAttributes
}

export function expectedOf(receipts: readonly PartReceipt[], attributes: ObjectAttributes): Expected {
  const md5s = receipts.map((receipt) => receipt.md5)
  const likely = receipts.map((receipt) => receipt.md5 ?? plainMd5Etag(receipt.etag))
  const crcs = receipts.map(({ crc64, size }) => ({ crc64, size }))
  return {
    size: receipts.reduce((sum, receipt) => sum + receipt.size, 0),
    etag: md5s.every(isString) ? compositeEtag(md5s) : undefined,
    likelyEtag: likely.every(isString) ? compositeEtag(likely) : undefined,
    crc64: crcs.every(hasCrc) ? combineAll(crcs) : undefined,
    attributes,
  }
}

/**
 * Whether the stored object is the one expected. Size alone proves nothing (the object before had the same, often
 * enough), so where no digest can be compared the answer is `'unknown'`. It is that, too, where the bytes agree and
 * the attributes do not: the same bytes stood there before, perhaps, or the backend tells an attribute in words of
 * its own. Equal in everything counts as `'same'`, whoever wrote it: nobody can tell the difference.
 */
export function compare(info: ObjectInfo, expected: Expected): 'same' | 'different' | 'unknown' {
  const bytes = compareBytes(info, expected)
  return bytes === 'same' && !hasAttributes(info, expected.attributes) ? 'unknown' : bytes
}

function compareBytes(info: ObjectInfo, expected: Expected): 'same' | 'different' | 'unknown' {
  if (info.size !== expected.size) return 'different'
  if (expected.crc64 !== undefined && info.digests?.crc64 !== undefined) {
    return info.digests.crc64 === expected.crc64 ? 'same' : 'different'
  }
  if (expected.etag !== undefined && info.etag !== undefined) {
    return sameEtag(info.etag, expected.etag) ? 'same' : 'different'
  }
  return sameEtag(info.etag, expected.likelyEtag) ? 'same' : 'unknown'
}

const isString = (value: string | undefined): value is string => value !== undefined

const hasCrc = (part: { crc64?: string; size: number }): part is { crc64: string; size: number } =>
  part.crc64 !== undefined

/** The same error, told that the destination was looked at and is what it was before. */
export const settled = (error: TransferError): TransferError => error.with({ context: { settled: true } })
