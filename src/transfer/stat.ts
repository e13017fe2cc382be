import { TransferError } from '../contract/errors'
import type { ObjectInfo } from '../contract/source'
import type { Run } from './run'

/** Asks the source what it has: size (or unknown), version, attributes. */
export async function stat(run: Run): Promise<ObjectInfo> {
  const info = await run.request({ operation: 'stat', side: 'source' }, ({ signal }) =>
    run.source.stat(run.context(signal)),
  )
  if (typeof info !== 'object' || info === null) {
    throw new TransferError('SOURCE_FAILED', `${run.source.location} states nothing of itself.`, {
      context: { location: run.source.location },
    })
  }
  if (info.size !== undefined && !(Number.isSafeInteger(info.size) && info.size >= 0)) {
    throw new TransferError('SOURCE_FAILED', `${run.source.location} states ${info.size} as its size.`, {
      context: { location: run.source.location },
    })
  }
  run.progress.size = info.size
  return info
}
