import { TransferError } from '../../contract/errors'
import type { Part, PartReceipt, Sink } from '../../contract/sink'
import type { Digests } from '../../contract/source'

export type DigestName = keyof Digests

/** Digests the core and the sink can both know of a part. */
const digestNames = ['crc64', 'md5'] as const

/** A part as the sink and the core agree on it. */
export interface AgreedPart {
  readonly receipt: PartReceipt
  /** Digests of the bytes that passed here; none where the backend copied the part by itself. */
  readonly computed: Digests
  /** Digests that were computed here and stated by the sink, and are equal. */
  readonly attested: readonly DigestName[]
}

/**
 * Holds what the sink says of a part against what was computed of the bytes that passed.
 * @throws INTEGRITY, temporary: the part was damaged on its way and may be sent again
 */
export function agree(part: Part, computed: Digests, stated: PartReceipt | undefined): AgreedPart {
  if (stated?.size !== undefined && stated.size !== part.size) {
    throw disagree(part, 'size', part.size, stated.size)
  }
  const attested = digestNames.filter((name) => {
    if (computed[name] === undefined || stated?.[name] === undefined) return false
    if (computed[name] !== stated[name]) throw disagree(part, name, computed[name], stated[name])
    return true
  })
  // Of a part that passed here only what was computed: a run that resumes takes the receipt's digests for that.
  const { crc64, md5, ...rest } = { ...stated }
  const passed = computed.crc64 !== undefined || computed.md5 !== undefined
  const digests = passed
    ? computed
    : { ...(crc64 !== undefined && { crc64 }), ...(md5 !== undefined && { md5 }) }
  return { receipt: { ...rest, ...digests, index: part.index, size: part.size }, computed, attested }
}

/**
 * Receipts as the sink is to see them when it commits. An MD5 that it does not attest is left out: it is ours, for the
 * source's sake, and a backend whose ETags are no MD5s would be held to it.
 */
export function receiptsFor({ capabilities }: Sink, receipts: readonly PartReceipt[]): PartReceipt[] {
  if (capabilities?.attests?.includes('md5')) return [...receipts]
  return receipts.map(({ md5: _, ...receipt }) => receipt)
}

function disagree(part: Part, what: string, sent: unknown, stored: unknown): TransferError {
  return new TransferError(
    'INTEGRITY',
    `Part ${part.index} was damaged on its way: ${what} ${sent} was sent, the sink holds ${stored}.`,
    { retry: 'temporary', context: { part: part.index, digest: what, sent, stored } },
  )
}
