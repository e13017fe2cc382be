import { TransferError } from '../../contract/errors'
import type { Context } from '../../contract/source'
import type { ObjectApi } from './api'

/**
 * Whether there still is such an upload; the error, where looking failed. Its answer to a completion does not always
 * tell: Ceph 16.2 answers the completion of an upload that is gone with 500 InternalError, for ever.
 */
export async function lookAtUpload(
  api: ObjectApi,
  key: string,
  uploadId: string,
  context: Context,
): Promise<'gone' | 'standing' | TransferError> {
  try {
    await api.listParts(key, uploadId, context)
    return 'standing'
  } catch (error) {
    if (!TransferError.is(error)) throw error
    return error.code === 'SESSION_LOST' ? 'gone' : error
  }
}
