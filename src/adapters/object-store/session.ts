import { TransferError } from '../../contract/errors'
import type { Body, Committed, NewObject, Part, PartReceipt, WriteSession } from '../../contract/sink'
import type { Context, Source } from '../../contract/source'
import { sameEtag } from '../../integrity/etag'
import { throwIfAborted } from './abort'
import { abortUpload } from './abort-upload'
import type { ObjectApi } from './api'
import type { Background } from './background'
import { commitUpload } from './commit-upload'
import { copyRange } from './copy-range'
import type { DamagedObjects } from './damaged-objects'
import type { PutObject } from './put-object'
import { emptyDigests } from './reconcile'
import { type SessionState, stateOf } from './session-state'
import { uploads } from './uploads'

export interface SessionOptions {
  readonly object: NewObject
  readonly location: string
  readonly putObject: PutObject
  readonly background: Background
  readonly damaged: DamagedObjects
  /** Called when the upload has been completed or aborted. */
  ended(): void
}

/** One multipart upload. Parts count from 0 here and from 1 at the backend; the conversion is in this file alone. */
export class ObjectSession implements WriteSession {
  readonly state: SessionState
  readonly #api: ObjectApi
  readonly #key: string
  readonly #uploadId: string
  readonly #options: SessionOptions
  /** A completion was sent, so the object that stands there may be ours. */
  readonly #attempt = { sent: false, left: false }
  #committed: Committed | undefined

  constructor(api: ObjectApi, key: string, uploadId: string, options: SessionOptions) {
    this.#api = api
    this.#key = key
    this.#uploadId = uploadId
    this.#options = options
    this.state = stateOf(api, key, uploadId)
  }

  async writePart(part: Part, body: Body, context: Context = {}): Promise<PartReceipt> {
    throwIfAborted(context.signal, this.#options.location)
    const partNumber = part.index + 1
    uploads.use(this.#api, this.#key, this.#uploadId)
    const stored = await this.#api.uploadPart(this.#key, this.#uploadId, partNumber, body, context)
    uploads.use(this.#api, this.#key, this.#uploadId)
    return { ...stored, index: part.index, size: part.size }
  }

  async copyPart(part: Part, source: Source, context: Context = {}): Promise<PartReceipt | undefined> {
    throwIfAborted(context.signal, this.#options.location)
    const to = { key: this.#key, uploadId: this.#uploadId, partNumber: part.index + 1 }
    const copied = await copyRange(this.#api, to, source, part, context)
    return copied && { ...copied, index: part.index, size: part.size }
  }

  async listParts(context: Context = {}): Promise<PartReceipt[]> {
    throwIfAborted(context.signal, this.#options.location)
    const stored = await this.#api.listParts(this.#key, this.#uploadId, context)
    return stored
      .map(({ partNumber, ...rest }) => ({ ...rest, index: partNumber - 1 }))
      .sort((a, b) => a.index - b.index)
  }

  async commit(receipts: readonly PartReceipt[], context: Context = {}): Promise<Committed> {
    if (this.#committed) return this.#committed
    throwIfAborted(context.signal, this.#options.location)
    const { object, location, putObject, background, damaged } = this.#options
    if (receipts.length === 0) {
      this.#committed = await putObject.write(object, new Uint8Array(), emptyDigests, context)
      // The upload is of no use any more; whether its removal works is no longer part of the answer.
      background.add(this.#abort(context))
    } else {
      const [key, uploadId, attempt] = [this.#key, this.#uploadId, this.#attempt]
      const upload = { key, uploadId, object, location, attempt, damaged }
      this.#committed = await commitUpload(this.#api, upload, receipts, context)
      if (attempt.left) background.add(this.#abort(context))
      else this.#end()
    }
    return this.#committed
  }

  async revoke(committed: Committed, context: Context = {}): Promise<void> {
    throwIfAborted(context.signal, this.#options.location)
    try {
      const info = await this.#api.head(this.#key, { ...context, version: undefined })
      const same =
        committed.etag !== undefined && info.etag !== undefined && sameEtag(info.etag, committed.etag)
      if (same) await this.#api.remove(this.#key, committed.version, context)
    } catch (error) {
      if (!TransferError.is(error) || error.code !== 'NOT_FOUND') throw error
    }
  }

  async abort(context: Context = {}): Promise<void> {
    if (this.#committed) return
    const aborted = this.#abort(context)
    // Whoever gave up waiting for it still has it awaited by `close()`.
    this.#options.background.add(aborted)
    await aborted
  }

  async #abort(context: Context): Promise<void> {
    await abortUpload(this.#api, this.#key, this.#uploadId, this.#options.location, context)
    this.#end()
  }

  #end(): void {
    uploads.remove(this.#api, this.#key, this.#uploadId)
    this.#options.ended()
  }
}
