import { TransferError } from '../../contract/errors'
import type { Context } from '../../contract/source'
import type { Unfinished } from '../../resume/unfinished'
import { throwIfAborted } from './abort'
import { abortUpload } from './abort-upload'
import type { ObjectApi } from './api'
import { isStateOf } from './session-state'
import { uploads } from './uploads'

/** Multipart uploads of the bucket. Nothing in a listing tells who began one, so only this process's own are ours. */
export async function* unfinishedUploads(
  api: ObjectApi,
  context: Context,
): AsyncGenerator<Unfinished, void, undefined> {
  throwIfAborted(context.signal, api.name)
  if (!api.listAllUploads) {
    throw new TransferError('UNSUPPORTED', `The uploads of ${api.name} cannot be listed.`, {
      context: { location: api.name },
    })
  }
  for await (const { key, uploadId, initiated } of api.listAllUploads(context)) {
    const used = uploads.used(api, key, uploadId)
    yield {
      key,
      uploadId,
      began: initiated,
      used,
      ours: used !== undefined,
      matches: (state) => isStateOf(state, api, key, uploadId),
      async abort(abortContext) {
        await abortUpload(api, key, uploadId, `${api.name}/${key}`, abortContext)
        uploads.remove(api, key, uploadId)
      },
    }
  }
}
