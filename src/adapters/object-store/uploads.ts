import type { ObjectApi } from './api'

/**
 * The uploads that this process has begun and not yet ended, over all of its stores: two transfers may write the same
 * key through two of them. One in here is never taken for the remains of a lost reply. With the time it was last used.
 */
const known = new Map<string, Date>()

/** Requests for an upload that have not been answered: theirs may show in a listing before the reply is here. */
const beginning = new Map<string, Set<Promise<unknown>>>()

const nameOf = (api: ObjectApi, key: string) =>
  JSON.stringify([api.gateway ?? '', api.bucket ?? api.name, key])
const idOf = (api: ObjectApi, key: string, uploadId: string) => `${nameOf(api, key)} ${uploadId}`

export const uploads = {
  add(api: ObjectApi, key: string, uploadId: string): void {
    known.set(idOf(api, key, uploadId), new Date())
  },

  remove(api: ObjectApi, key: string, uploadId: string): void {
    known.delete(idOf(api, key, uploadId))
  },

  has(api: ObjectApi, key: string, uploadId: string): boolean {
    return known.has(idOf(api, key, uploadId))
  },

  /** It is being written to now. */
  use(api: ObjectApi, key: string, uploadId: string): void {
    if (uploads.has(api, key, uploadId)) uploads.add(api, key, uploadId)
  },

  used(api: ObjectApi, key: string, uploadId: string): Date | undefined {
    return known.get(idOf(api, key, uploadId))
  },

  /** Runs a request for an upload and registers what it gives. */
  async begin(api: ObjectApi, key: string, request: () => Promise<string>): Promise<string> {
    const name = nameOf(api, key)
    const requests = beginning.get(name) ?? new Set()
    beginning.set(name, requests)
    const registered = request().then((uploadId) => {
      uploads.add(api, key, uploadId)
      return uploadId
    })
    requests.add(registered)
    try {
      return await registered
    } finally {
      requests.delete(registered)
      if (requests.size === 0) beginning.delete(name)
    }
  },

  /** Resolves when every request for an upload of this key that is under way now has been answered. */
  async settled(api: ObjectApi, key: string): Promise<void> {
    await Promise.allSettled(beginning.get(nameOf(api, key)) ?? [])
  },
}
