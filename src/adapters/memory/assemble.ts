import type { PartReceipt } from '../../contract/sink'
import { combineAll } from '../../integrity/crc64'
import { compositeEtag } from '../../integrity/etag'
import { incomplete, partTooSmall, tooLarge } from './errors'
import type { StoredPart, Upload } from './objects'
import type { MemoryLimits } from './sink'

/** Puts the parts in order, after making sure that they are the ones the receipts speak of, without gap or overlap. */
export function assemble(
  { parts, object }: Upload,
  receipts: readonly PartReceipt[],
  { minPartSize = 1, maxObjectSize = Number.POSITIVE_INFINITY }: MemoryLimits,
  location: string,
) {
  const chosen = [...receipts]
    .sort((a, b) => a.index - b.index)
    .map((receipt) => holding(parts, receipt, location))
  let size = 0
  chosen.forEach(({ start, receipt }, index) => {
    if (receipt.index !== index || start !== size) {
      throw incomplete(
        location,
        `part ${receipt.index} does not begin where the one before it ends, at ${size}`,
      )
    }
    if (receipt.size < minPartSize && index < chosen.length - 1) {
      throw partTooSmall(location, index, minPartSize, receipt.size)
    }
    size += receipt.size
  })
  if (object.size !== undefined && size !== object.size) {
    throw incomplete(location, `its parts have ${size} bytes in all, and ${object.size} were announced`)
  }
  if (size > maxObjectSize) throw tooLarge(location, 'objects', maxObjectSize, size)
  return {
    chunks: chosen.flatMap((part) => part.chunks),
    digests: { crc64: combineAll(chosen.map(({ receipt }) => receipt)) },
    etag: compositeEtag(chosen.map(({ receipt }) => receipt.md5)),
  }
}

function holding(parts: Upload['parts'], receipt: PartReceipt, location: string): StoredPart {
  const part = parts.get(receipt.index)
  const same =
    part && part.receipt.size === receipt.size && part.receipt.etag === (receipt.etag ?? part.receipt.etag)
  if (!same) throw incomplete(location, `part ${receipt.index} is not the one that was stored`)
  return part
}
