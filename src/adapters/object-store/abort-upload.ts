import { TransferError } from '../../contract/errors'
import type { Context } from '../../contract/source'
import { unless } from '../../contract/unless'
import { abortError } from './abort'
import type { ObjectApi } from './api'
import { pause } from './background'

/** A part under way when the upload is aborted may land afterwards, and keep the upload alive; so look again. */
const attempts = 5
/** Milliseconds between them: a late part needs time to land. */
const delay = 200

/** Leaves no trace of the upload: aborts it until the backend says that there is none. */
export async function abortUpload(
  api: ObjectApi,
  key: string,
  uploadId: string,
  location: string,
  context: Context,
): Promise<void> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    if (context.signal?.aborted) throw abortError(context.signal, location)
    await api.abortUpload(key, uploadId, context)
    if (!(await exists(api, key, uploadId, context))) return
    await pause(delay, context.signal ?? new AbortController().signal)
  }
  const message = `The upload to ${location} is still there after it was aborted. Abort it by hand, or by a lifecycle rule.`
  throw new TransferError('SERVER_ERROR', message, { retry: 'temporary', context: { location, uploadId } })
}

async function exists(api: ObjectApi, key: string, uploadId: string, context: Context): Promise<boolean> {
  return (await unless('SESSION_LOST', api.listParts(key, uploadId, context))) !== undefined
}
