import type { ByteRange, Bytes, Context, Digests, ObjectAttributes, ObjectInfo, Source } from './source'

/** Anything `JSON.stringify` keeps as it is. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

/** What a sink can do. Sizes are bytes; where no default is named, a missing limit means that there is none. */
export interface SinkCapabilities {
  /** Every part but the last has at least this size. @default 1 */
  readonly minPartSize?: number
  readonly maxPartSize?: number
  /** @default 10000 */
  readonly maxParts?: number
  readonly maxObjectSize?: number
  /** The largest object that {@link Sink.put} takes; the memory budget limits it too. @default 0: put() is not used */
  readonly maxPutSize?: number
  /** The attributes that can be stored; one that is not listed is never passed to the sink. @default none */
  readonly attributes?: ReadonlyArray<keyof ObjectAttributes>
  /** The storage classes of a source that can be carried over; others are reported. @default all */
  readonly storageClasses?: readonly string[]
  /**
   * The digest by which the sink attests parts: the core computes it and compares. Receipts carry an MD5 to the commit
   * only where it is among them.
   * @default none
   */
  readonly attests?: ReadonlyArray<'crc64' | 'md5'>
  /**
   * What becomes of `ifExists: 'fail'` when the object appears during the transfer: `'enforced'`, the commit
   * is refused; `'checked'`, the sink looks just before the commit, and the result names the gap.
   * @default 'checked'
   */
  readonly createOnly?: 'enforced' | 'checked'
  /**
   * Whether a part that lags may be written by a second call beside the first, over another connection. Both bring
   * the same bytes, so whichever is kept must make the same receipt; one that is cancelled settles promptly.
   * @default false
   */
  readonly duplicateParts?: boolean
}

/** What is to be written. */
export interface NewObject {
  /** Bytes, where known. */
  readonly size?: number
  readonly attributes: ObjectAttributes
  /** `true`: the commit must fail with ALREADY_EXISTS rather than replace an object. */
  readonly createOnly: boolean
}

/** One stretch of the object. Counted from 0; an adapter whose backend counts from 1 converts. */
export interface Part {
  readonly index: number
  /** Offset of its first byte in the object. */
  readonly start: number
  /** Bytes. */
  readonly size: number
}

/** The bytes of one part. May be opened again: that is what a retry does. */
export interface Body {
  readonly size: number
  /** Gives exactly `size` bytes or throws. Only the bytes of the latest `open` count. */
  open(): Promise<Bytes>
}

/** What the sink says of a part it has stored, with what the core computed of it added. JSON. */
export interface PartReceipt extends Digests {
  readonly index: number
  readonly size: number
  readonly etag?: string
}

/** What the sink says of the finished object. Digests are of the whole object, as the backend itself states them. */
export interface Committed extends Digests {
  readonly size?: number
  readonly etag?: string
  readonly version?: string
  /** Checks the adapter itself made of the stored object, such as `'object-etag'`. */
  readonly verified?: readonly string[]
}

/** What a commit or a put was to make, for whoever has to find out whether it did. JSON. */
export interface PendingObject {
  /** Bytes. */
  readonly size: number
  /** Of the whole object, as far as they are known. */
  readonly digests: Digests
  /** {@link WriteSession.state} of the session that was committed; missing for a put. */
  readonly session?: Json
  /** All parts that were committed, by index; empty for a put. */
  readonly receipts: readonly PartReceipt[]
}

/** Where bytes go. */
export interface Sink {
  /** Names the object in messages and results; never holds a secret. */
  readonly location: string
  readonly capabilities: SinkCapabilities
  /** Attributes set here override those of the source; `metadata` of the transfer overrides both. */
  readonly attributes?: ObjectAttributes
  /** What stands at the destination now, or undefined. Needed for `ifExists` other than `'overwrite'`. */
  stat?(context?: Context): Promise<ObjectInfo | undefined>
  /**
   * Writes a small object in one request. Only for sinks that can refuse a damaged body: `digests` always holds
   * both the CRC64 and the MD5 of `bytes`. A put whose reply was lost is settled by looking, as a commit is.
   */
  put?(
    object: NewObject,
    bytes: Uint8Array,
    digests: Required<Digests>,
    context?: Context,
  ): Promise<Committed>
  /** Nothing is visible at the destination until the session commits. */
  begin(object: NewObject, context?: Context): Promise<WriteSession>
  /** Takes up a session that another process began, from its {@link WriteSession.state}; SESSION_LOST if it is gone. */
  resume?(state: Json, object: NewObject, context?: Context): Promise<WriteSession>
  /**
   * Looks whether a commit or a put whose reply was lost has made the object, in this process or in another that was
   * killed. Changes nothing. Gives the object where it stands there, by its size and digest, and undefined where
   * it does not. Rejects with OUTCOME_UNKNOWN where looking cannot tell. While the session exists, a commit on its way
   * may land after the look: whoever must rule that out aborts the session, and looks again.
   */
  reconcile?(pending: PendingObject, object: NewObject, context?: Context): Promise<Committed | undefined>
  /**
   * Leaves no trace of a session that another process began, for this key or another one of the same store. Resolves
   * where it is gone already; rejects with SESSION_LOST for a state that is none of this store's.
   */
  discard?(state: Json, context?: Context): Promise<void>
  /** Hands the sink cleanup that goes on after the transfer has settled; closing the store awaits it. */
  defer?(cleanup: Promise<void>): void
}

export interface WriteSession {
  /** All that {@link Sink.resume} needs, in any process. No secrets. */
  readonly state: Json
  /**
   * Stores one part. Parts come in any order, several at once, and the same one again after a failure: the last
   * success counts. Reads the body to its end. When it throws, nothing of the attempt writes any more.
   */
  writePart(part: Part, body: Body, context?: Context): Promise<PartReceipt>
  /**
   * Lets the backend copy the range from `source` by itself, where both are the same gateway; undefined where it
   * cannot, and the bytes are then moved through this process.
   */
  copyPart?(part: Part, source: Source, context?: Context): Promise<PartReceipt | undefined>
  /** The parts the backend holds, by index. Rejects with SESSION_LOST where there is no such session. */
  listParts?(context?: Context): Promise<PartReceipt[]>
  /**
   * Makes the object visible, whole, in one step; an empty list of receipts makes an empty object.
   * Committing again converges: it gives the same answer and changes nothing. A lost reply is settled by looking at
   * size and digest, never size alone; an error whose `context.settled` is true says that the sink looked and found
   * the destination unchanged, as ALREADY_EXISTS and SESSION_LOST do. Any other CONNECTION, TIMEOUT or
   * SERVER_ERROR ends as OUTCOME_UNKNOWN.
   */
  commit(receipts: readonly PartReceipt[], context?: Context): Promise<Committed>
  /** Takes back a commit whose stored digests turned out wrong, if the object is still the one committed. */
  revoke?(committed: Committed, context?: Context): Promise<void>
  /** Ends the session in this process and leaves it to be resumed, by this one or another. @default nothing to do */
  release?(context?: Context): Promise<void>
  /** Leaves no trace; may be called twice, after a failed part, and after a commit, when it changes nothing. */
  abort(context?: Context): Promise<void>
}

export type { ByteRange }
