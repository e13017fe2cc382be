import { TransferError } from '../../contract/errors'
import { unless } from '../../contract/unless'
import type { ObjectApi, Upload } from './api'
import { type Background, pause } from './background'
import { uploads } from './uploads'

/** The gateway's clock and ours may differ by this much, in milliseconds. */
const clockSkew = 60_000
/** An upload of a lost reply is left alone for this long, in milliseconds, while no session of the sink ends. */
const defaultPatience = 5_000
/** Each look and each abort ends within this time, in milliseconds. */
const requestTimeout = 10_000
/** Waits between attempts, in milliseconds: together longer than a short outage. */
const retryDelays = [500, 1_000, 2_000, 4_000]

/**
 * Uploads that exist although the reply that would have named them was lost. They are found by listing the key, and
 * aborted later, if they still hold no parts: one that another process has just begun looks the same at first.
 */
export class LostUploads {
  readonly #api: ObjectApi
  readonly #key: string
  readonly #background: Background
  readonly #patience: number
  #due = new AbortController()

  constructor(api: ObjectApi, key: string, background: Background, patience = defaultPatience) {
    this.#api = api
    this.#key = key
    this.#background = background
    this.#patience = patience
  }

  /** A request for an upload, sent at `since` (milliseconds of the epoch), has failed and may have been carried out. */
  suspect(since: number): void {
    const until = Date.now()
    const due = AbortSignal.any([this.#due.signal, this.#background.hurry])
    this.#background.add(this.#cleanUp(since, until, due))
  }

  /** The session has ended, or there will be none: suspects need not wait any longer. */
  sweep(): void {
    this.#due.abort()
    this.#due = new AbortController()
  }

  async #cleanUp(since: number, until: number, due: AbortSignal): Promise<void> {
    const suspects = await this.#insist(due, () => this.#find(since, until))
    if (suspects.length === 0) return
    await pause(this.#patience, due)
    // Another request for the same key may own one of them, and not know it yet.
    await uploads.settled(this.#api, this.#key)
    await Promise.all(suspects.map((upload) => this.#insist(due, () => this.#abort(upload))))
  }

  async #find(since: number, until: number): Promise<Upload[]> {
    const found = await this.#api.listUploads(this.#key, bounded())
    const oldest = since - clockSkew
    const newest = until + clockSkew
    const empty: Upload[] = []
    for (const upload of found) {
      const initiated = upload.initiated.getTime()
      if (initiated < oldest || initiated > newest) continue
      if (!uploads.has(this.#api, this.#key, upload.uploadId) && (await this.#isEmpty(upload)))
        empty.push(upload)
    }
    return empty
  }

  async #abort(upload: Upload): Promise<void> {
    if (uploads.has(this.#api, this.#key, upload.uploadId) || !(await this.#isEmpty(upload))) return
    await this.#api.abortUpload(this.#key, upload.uploadId, bounded())
  }

  async #isEmpty({ uploadId }: Upload): Promise<boolean> {
    const parts = await unless('SESSION_LOST', this.#api.listParts(this.#key, uploadId, bounded()))
    return parts?.length === 0
  }

  /** The reply was lost in an outage, so the first look may be, too. */
  async #insist<T>(due: AbortSignal, look: () => Promise<T>): Promise<T> {
    for (const delay of retryDelays) {
      try {
        return await look()
      } catch (error) {
        if (!TransferError.is(error) || error.retry !== 'temporary') throw error
        await pause(due.aborted ? Math.min(delay, 1_000) : delay, new AbortController().signal)
      }
    }
    return look()
  }
}

const bounded = () => ({ signal: AbortSignal.timeout(requestTimeout) })
