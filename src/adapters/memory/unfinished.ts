import type { Unfinished } from '../../resume/unfinished'
import type { Bucket } from './objects'

/** Sessions that were begun and neither committed nor aborted. */
export async function* unfinishedUploads(bucket: Bucket): AsyncGenerator<Unfinished, void, undefined> {
  for (const [uploadId, { key, began }] of [...bucket.uploads]) {
    yield {
      key,
      uploadId,
      began,
      ours: true,
      matches: () => true,
      async abort() {
        bucket.uploads.delete(uploadId)
      },
    }
  }
}
