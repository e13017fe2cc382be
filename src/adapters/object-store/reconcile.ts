import { TransferError } from '../../contract/errors'
import type { Committed, NewObject, PendingObject } from '../../contract/sink'
import type { Context } from '../../contract/source'
import { unless } from '../../contract/unless'
import type { ObjectApi } from './api'
import type { DamagedObjects } from './damaged-objects'
import { lookAtUpload } from './look-at-upload'
import { compare, type Expected, expectedOf } from './lost-replies'
import { expectedPut, fromInfo } from './put-object'
import { parseState } from './session-state'

export interface Destination {
  readonly api: ObjectApi
  readonly key: string
  readonly location: string
  readonly damaged: DamagedObjects
}

/**
 * Looks whether the object of a commit or a put stands at the destination: its upload first, because once that is gone
 * the object tells for good; then the object, by size, digest and attributes.
 *
 * While the upload stands, `undefined` says that it is not committed now. A completion on its way may still land:
 * whoever must rule that out aborts the upload, and looks again.
 */
export async function reconcile(
  { api, key, location, damaged }: Destination,
  pending: PendingObject,
  object: NewObject,
  context: Context,
): Promise<Committed | undefined> {
  const upload = await uploadOf(api, key, location, pending, context)
  if (TransferError.is(upload)) throw upload
  const info = await unless('NOT_FOUND', api.head(key, context))
  if (!info) return undefined
  if (damaged.has(info)) throw unknown(location, 'it is the damaged one that this process stored')
  const expected = expectedOfPending(pending, object)
  const verdict = compare(info, expected)
  // One that must not be replaced, and is equal, was created by somebody else while our upload still stands.
  const foreign = upload === 'standing' && (verdict !== 'same' || object.createOnly)
  if (verdict === 'different' || foreign) return undefined
  if (verdict === 'unknown') throw unknown(location, 'it has no digest to compare, or other attributes')
  const verified = expected.etag !== undefined && info.digests?.crc64 === undefined ? ['object-etag'] : []
  return { ...fromInfo(info), verified }
}

/** An empty object was put, whatever became of the upload. */
async function uploadOf(
  api: ObjectApi,
  key: string,
  location: string,
  { session, receipts }: PendingObject,
  context: Context,
): Promise<'gone' | 'standing' | 'put' | TransferError> {
  if (session === undefined || receipts.length === 0) return 'put'
  return lookAtUpload(api, key, parseState(session, api, key, location), context)
}

function expectedOfPending(
  { size, digests, session, receipts }: PendingObject,
  { attributes }: NewObject,
): Expected {
  if (receipts.length === 0)
    return expectedPut(size, session === undefined ? digests : emptyDigests, attributes)
  const expected = expectedOf(receipts, attributes)
  return { ...expected, size, crc64: expected.crc64 ?? digests.crc64 }
}

function unknown(location: string, reason: string): TransferError {
  const message = `Whether the object at ${location} is the one sent cannot be told: ${reason}. Look at it before trying again.`
  return new TransferError('OUTCOME_UNKNOWN', message, { context: { location } })
}

/** Of no bytes. */
export const emptyDigests = { md5: 'd41d8cd98f00b204e9800998ecf8427e', crc64: '0' }
