import { TransferError, type TransferErrorCode } from '../../contract/errors'
import type { Part } from '../../contract/sink'
import type { Context, Source } from '../../contract/source'
import type { ObjectApi, UploadedPart } from './api'
import { ObjectSource } from './source'

interface Destination {
  readonly key: string
  readonly uploadId: string
  readonly partNumber: number
}

/**
 * Lets the gateway copy a range of `source` by itself. Undefined where it cannot: another gateway, an object onto
 * itself (Ceph 19.2.1 loses its data), a source that is not pinned, or one these credentials may not read.
 */
export async function copyRange(
  api: ObjectApi,
  to: Destination,
  source: Source,
  part: Part,
  context: Context,
): Promise<UploadedPart | undefined> {
  if (!api.copyPart || !(source instanceof ObjectSource)) return undefined
  const version = context.version ?? source.version
  const bucket = source.api.bucket
  if (!version || !bucket || !api.gateway || source.api.gateway !== api.gateway) return undefined
  if (bucket === api.bucket && source.key === to.key) return undefined
  try {
    const range = { start: part.start, end: part.start + part.size }
    const from = { bucket, key: source.key, version, range }
    const copied = await api.copyPart(to.key, to.uploadId, to.partNumber, from, context)
    // Ceph takes the condition and does not look at it (seen on 16.2): the version is looked at after the copy.
    await source.stat({ ...context, version })
    return copied
  } catch (error) {
    // A source that is missing, or not to be seen with these credentials, is for the one who reads it to report.
    if (TransferError.is(error) && refusals.has(error.code)) return undefined
    throw error
  }
}

const refusals = new Set<TransferErrorCode>(['ACCESS_DENIED', 'UNSUPPORTED', 'NOT_FOUND'])
