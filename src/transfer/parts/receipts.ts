import { TransferError } from '../contract/errors'
import type { Part, PartReceipt } from '../contract/sink'
import type { Digests } from '../contract/source'

/** Digests the core and the sink can both know of a part. */
const digestNames = ['crc64', 'md5'] as const

/** A part as the sink and the core agree on it. */
export interface AgreedPart {
  readonly receipt: PartReceipt
  /** Digests of the bytes that passed here; none where the backend copied the part by itself. */
  readonly computed: Digests
  /** Digests that were computed here and stated by the sink, and are equal. */
  readonly attested: ReadonlyArray<keyof Digests>
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
  return { receipt: { ...stated, ...computed, index: part.index, size: part.size }, computed, attested }
}

function disagree(part: Part, what: string, sent: unknown, stored: unknown): TransferError {
  return new TransferError(
    'INTEGRITY',
    `Part ${part.index} was damaged on its way: ${what} ${sent} was sent, the sink holds ${stored}.`,
    { retry: 'temporary', context: { part: part.index, digest: what, sent, stored } },
  )
}
