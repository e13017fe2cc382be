import { TransferError } from '../contract/errors'
import type { ObjectInfo, Peek } from '../contract/source'
import { discard } from './parts/chunks'
import { PeekedBytes } from './parts/peeked-bytes'
import { KiB } from './plan'
import { largestPut } from './put-whole'
import type { Run } from './run'

/** Bytes of the largest object that is asked for with the first request: what a larger one brings is for nothing. */
const peekLimit = 256 * KiB

/** Asks the source what it has: size (or unknown), version, attributes; and for a small object's bytes with them. */
export async function stat(run: Run): Promise<ObjectInfo> {
  const { source } = run
  const limit = peekLimitOf(run)
  const { info, bytes } = await run.request<Peek>(
    { operation: 'stat', side: 'source', late: (peek) => peek.bytes && discard(peek.bytes) },
    async ({ signal }) =>
      limit > 0
        ? await source.peek!(limit, run.context(signal))
        : { info: await source.stat(run.context(signal)) },
  )
  if (bytes) run.peeked = new PeekedBytes(bytes)
  if (typeof info !== 'object' || info === null) {
    throw new TransferError('SOURCE_FAILED', `${source.location} states nothing of itself.`, {
      context: { location: source.location },
    })
  }
  if (info.size !== undefined && !(Number.isSafeInteger(info.size) && info.size >= 0)) {
    throw new TransferError('SOURCE_FAILED', `${source.location} states ${info.size} as its size.`, {
      context: { location: source.location },
    })
  }
  run.progress.size = info.size
  return info
}

/** 0 where bytes that came early would be of no use: only an object that is put whole is read from its start at once. */
function peekLimitOf({ source, sink, options, budget }: Run): number {
  // Most objects that may be skipped are skipped, and then no bytes are to move; and what has a checkpoint is large, or
  // has been moved before.
  if (!source.peek || source.sequential || options.ifExists === 'skip' || options.checkpoint) return 0
  return Math.min(peekLimit, largestPut(sink, budget.total), options.partSize ?? peekLimit)
}
