import type { CompositeMd5, ObjectInfo } from '../../contract/source'
import { guessPartSizes, makesParts } from '../../integrity/part-sizes'
import type { Run } from '../run'

/** Where the parts of the source may have begun, for whoever wants to compute its composite MD5. */
export interface SourceParts {
  readonly composite: CompositeMd5
  /** Bytes of every part but the last: one size where it is known, several where it is guessed, none where neither is. */
  readonly sizes: readonly number[]
  /** The store told the size: another composite means other bytes. */
  readonly certain: boolean
}

/** Looks for the parts of a source that states a composite MD5 and nothing better, when it is to be checked. */
export async function findSourceParts(run: Run, info: ObjectInfo): Promise<SourceParts | undefined> {
  const { compositeMd5: composite, digests, size } = info
  if (run.options.verify !== 'end-to-end' || digests?.crc64 || digests?.md5) return undefined
  if (!composite || size === undefined || run.source.sequential) return undefined
  const { parts } = composite
  if (parts === 1) return { composite, sizes: [size], certain: true }
  const first = await partSize(run, info, 0)
  // A gateway that does not know part numbers answers for the whole object.
  if (first === undefined || !(first > 0 && first < size)) {
    const { partSize: planned } = run.options
    return { composite, sizes: guessPartSizes(size, parts, planned ? [planned] : []), certain: false }
  }
  if (!makesParts(size, first, parts)) return { composite, sizes: [], certain: false }
  // An object cut into equal pieces has parts that differ by a byte, which their number does not show: the last one does.
  const due = size - first * (parts - 1)
  const last = parts === 2 ? due : await partSize(run, info, parts - 1)
  return { composite, sizes: last === undefined || last === due ? [first] : [], certain: last === due }
}

/** A failure to learn it makes a check impossible, which the result names; it is no failure of the transfer. */
async function partSize(run: Run, info: ObjectInfo, part: number): Promise<number | undefined> {
  try {
    return await run.request({ operation: 'stat', side: 'source' }, async ({ signal }) =>
      run.source.partSize?.(part, run.context(signal, info.version)),
    )
  } catch {
    run.throwIfStopped()
    return undefined
  }
}
