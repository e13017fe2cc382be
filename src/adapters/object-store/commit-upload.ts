import { TransferError } from '../../contract/errors'
import type { Committed, NewObject, PartReceipt } from '../../contract/sink'
import type { Context, ObjectInfo } from '../../contract/source'
import { unless } from '../../contract/unless'
import type { ObjectApi } from './api'
import { checkCommitted } from './check-committed'
import type { DamagedObjects } from './damaged-objects'
import { lookAtUpload } from './look-at-upload'
import { compare, type Expected, expectedOf, settled } from './lost-replies'
import { alreadyExists, fromInfo } from './put-object'

export interface CompletionAttempt {
  sent: boolean
  /** The object was found there, and so was the upload: it is to be aborted. */
  left: boolean
}

export interface UploadToCommit {
  readonly key: string
  readonly uploadId: string
  readonly object: NewObject
  readonly location: string
  /** Kept over attempts: after a completion was sent, an object that looks like ours is ours. */
  readonly attempt: CompletionAttempt
  readonly damaged: DamagedObjects
}

/** Completes the upload, or finds that an earlier completion whose reply was lost has done so, and checks the result. */
export async function commitUpload(
  api: ObjectApi,
  upload: UploadToCommit,
  receipts: readonly PartReceipt[],
  context: Context,
): Promise<Committed> {
  const sorted = receipts.toSorted((a, b) => a.index - b.index)
  const parts = sorted.map((receipt, position) => partOf(receipt, position, upload.location))
  const expected = expectedOf(sorted, upload.object.attributes)
  const unpinned = { ...context, version: undefined }
  const ours = upload.object.createOnly ? await refuseExisting(api, upload, expected, unpinned) : undefined
  const committed = ours ?? (await complete(api, upload, parts, expected, unpinned))
  return checkCommitted(api, upload, committed, expected, unpinned)
}

function partOf({ index, etag }: PartReceipt, position: number, location: string) {
  if (index === position && etag) return { partNumber: index + 1, etag }
  const problem = index === position ? `part ${index} has no ETag` : `part ${position} is missing or doubled`
  const message = `The receipts for ${location} make no whole object: ${problem}.`
  throw new TransferError('INVALID_OPTION', message, { context: { location, index } })
}

async function complete(
  api: ObjectApi,
  upload: UploadToCommit,
  parts: readonly { partNumber: number; etag: string }[],
  expected: Expected,
  context: Context,
): Promise<Committed> {
  const before = upload.attempt.sent
  upload.attempt.sent = true
  try {
    return await api.completeUpload(upload.key, upload.uploadId, parts, upload.object, context)
  } catch (error) {
    if (!TransferError.is(error)) throw error
    return settle(api, upload, error, before, expected, context)
  }
}

/** Finds out whether a completion that failed has been carried out, by this request or by one before it. */
async function settle(
  api: ObjectApi,
  upload: UploadToCommit,
  error: TransferError,
  sentBefore: boolean,
  expected: Expected,
  context: Context,
): Promise<Committed> {
  // Refused because the object exists: the one of our own lost completion, perhaps.
  const lost = error.code === 'SESSION_LOST'
  const unclear = error.code === 'ALREADY_EXISTS' ? sentBefore : lost || error.retry === 'temporary'
  if (!unclear) throw error
  // The upload is looked for first: once it is gone, the object tells for good.
  const found = lost ? 'gone' : await lookAtUpload(api, upload.key, upload.uploadId, context)
  const info = await look(api, upload.key, error, context)
  const verdict = info ? compare(info, expected) : 'different'
  // An equal object that was created while the upload still stood is another's, and not to be replaced.
  if (info && verdict === 'same' && (found === 'gone' || !upload.object.createOnly)) {
    upload.attempt.left = found !== 'gone'
    return fromInfo(info)
  }
  if (found === 'gone' && error.code !== 'ALREADY_EXISTS')
    throw verdict === 'unknown' ? unsettled(upload, error) : sessionLost(upload, error)
  throw verdict === 'different' ? settled(error) : error
}

async function look(
  api: ObjectApi,
  key: string,
  failure: TransferError,
  context: Context,
): Promise<ObjectInfo | undefined> {
  try {
    return await unless('NOT_FOUND', api.head(key, context))
  } catch (error) {
    // Nothing was learnt. A lost session must not be taken for the verdict: the core would begin anew.
    throw failure.code === 'SESSION_LOST' ? error : failure
  }
}

async function refuseExisting(
  api: ObjectApi,
  { key, uploadId, attempt, location }: UploadToCommit,
  expected: Expected,
  context: Context,
): Promise<Committed | undefined> {
  const info = await unless('NOT_FOUND', api.head(key, context))
  if (!info) return undefined
  if (attempt.sent && compare(info, expected) === 'same') {
    const found = await lookAtUpload(api, key, uploadId, context)
    if (found === 'gone') return fromInfo(info)
    if (found !== 'standing') throw found
  }
  throw alreadyExists(location)
}

function sessionLost({ location, uploadId }: UploadToCommit, error: TransferError): TransferError {
  if (error.code === 'SESSION_LOST') return error
  const message = `The upload to ${location} is gone, and the object was not made of it. Begin a new one.`
  return new TransferError('SESSION_LOST', message, { context: { location, uploadId }, cause: error })
}

function unsettled({ location, uploadId }: UploadToCommit, cause: TransferError): TransferError {
  const message = `The upload to ${location} is gone, and whether the object that stands there was made of it cannot be told: it has the right size, but no digest to compare, or other attributes. Look at it before trying again.`
  return new TransferError('OUTCOME_UNKNOWN', message, { context: { location, uploadId }, cause })
}
