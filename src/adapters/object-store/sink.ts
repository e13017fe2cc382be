import { TransferError } from '../../contract/errors'
import type {
  Committed,
  Json,
  NewObject,
  PendingObject,
  Sink,
  SinkCapabilities,
  WriteSession,
} from '../../contract/sink'
import type { Context, Digests, ObjectAttributes, ObjectInfo } from '../../contract/source'
import { unless } from '../../contract/unless'
import { throwIfAborted } from './abort'
import { abortUpload } from './abort-upload'
import type { ObjectApi } from './api'
import type { Background } from './background'
import { DamagedObjects } from './damaged-objects'
import { isAmbiguous } from './lost-replies'
import { LostUploads } from './lost-uploads'
import { PutObject } from './put-object'
import { reconcile } from './reconcile'
import { ObjectSession } from './session'
import { parseState, parseUpload } from './session-state'
import { uploads } from './uploads'

/** A key of an object store, written through its port. */
export class ObjectSink implements Sink {
  readonly location: string
  readonly capabilities: SinkCapabilities
  readonly attributes: ObjectAttributes
  readonly #api: ObjectApi
  readonly #key: string
  readonly #background: Background
  readonly #lost: LostUploads
  readonly #putObject: PutObject
  readonly #damaged = new DamagedObjects()

  constructor(
    api: ObjectApi,
    key: string,
    options: { capabilities: SinkCapabilities; attributes: ObjectAttributes; background: Background },
  ) {
    this.location = `${api.name}/${key}`
    this.capabilities = options.capabilities
    this.attributes = options.attributes
    this.#api = api
    this.#key = key
    this.#background = options.background
    this.#lost = new LostUploads(api, key, options.background)
    this.#putObject = new PutObject(api, key, this.location, this.#damaged)
  }

  async stat(context: Context = {}): Promise<ObjectInfo | undefined> {
    throwIfAborted(context.signal, this.location)
    return unless('NOT_FOUND', this.#api.head(this.#key, { ...context, version: undefined }))
  }

  async put(
    object: NewObject,
    bytes: Uint8Array,
    digests: Required<Digests>,
    context: Context = {},
  ): Promise<Committed> {
    throwIfAborted(context.signal, this.location)
    return this.#putObject.write(object, bytes, digests, { ...context, version: undefined })
  }

  begin(object: NewObject, context: Context = {}): Promise<WriteSession> {
    const begun = this.#begin(object, context)
    // Whoever gave up waiting for it may close the store next: the look for its upload must not begin after that.
    this.#background.add(begun)
    return begun
  }

  async resume(state: Json, object: NewObject, context: Context = {}): Promise<WriteSession> {
    throwIfAborted(context.signal, this.location)
    const uploadId = parseState(state, this.#api, this.#key, this.location)
    // Rejects with SESSION_LOST where the upload is gone.
    await this.#api.listParts(this.#key, uploadId, context)
    uploads.add(this.#api, this.#key, uploadId)
    return this.#session(uploadId, object)
  }

  async discard(state: Json, context: Context = {}): Promise<void> {
    throwIfAborted(context.signal, this.location)
    const { key, uploadId } = parseUpload(state, this.#api, this.location)
    await abortUpload(this.#api, key, uploadId, this.location, context)
    uploads.remove(this.#api, key, uploadId)
  }

  async reconcile(
    pending: PendingObject,
    object: NewObject,
    context: Context = {},
  ): Promise<Committed | undefined> {
    throwIfAborted(context.signal, this.location)
    const destination = {
      api: this.#api,
      key: this.#key,
      location: this.location,
      damaged: this.#damaged,
    }
    return reconcile(destination, pending, object, { ...context, version: undefined })
  }

  defer(cleanup: Promise<void>): void {
    this.#background.add(cleanup)
  }

  async #begin(object: NewObject, context: Context): Promise<WriteSession> {
    throwIfAborted(context.signal, this.location)
    const since = Date.now()
    try {
      const uploadId = await uploads.begin(this.#api, this.#key, () =>
        this.#api.createUpload(this.#key, object, context),
      )
      return this.#session(uploadId, object)
    } catch (error) {
      if (isAmbiguous(error)) this.#lost.suspect(since)
      if (!TransferError.is(error) || error.retry !== 'temporary') this.#lost.sweep()
      throw error
    }
  }

  #session(uploadId: string, object: NewObject): WriteSession {
    return new ObjectSession(this.#api, this.#key, uploadId, {
      object,
      location: this.location,
      putObject: this.#putObject,
      background: this.#background,
      damaged: this.#damaged,
      ended: () => this.#lost.sweep(),
    })
  }
}
