import type { Lifecycle } from '../lifecycle/lifecycle'

/**
 * A run of bytes. A Readable, a web stream or a generator all fit.
 *
 * - A chunk is **borrowed**: it is valid until the next one is asked for, so a source may reuse its buffers.
 *   Whoever needs a chunk longer copies it.
 * - Pulling is the backpressure: a source reads no further ahead than its own small buffer.
 * - Leaving early (`return()`, a `break` out of `for await`) frees whatever is behind the bytes.
 */
export type Bytes = AsyncIterable<Uint8Array>

/** Bytes `start` up to, not including, `end`; both counted from 0. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** What travels with every call of an adapter. Every field may be missing. */
export interface Context {
  /** Ends the call: it rejects soon after the signal fires, and gives its sockets and handles back. */
  readonly signal?: AbortSignal
  /** Pins what is opened: {@link ObjectInfo.version} of an earlier `stat`. */
  readonly version?: string
  /** Milliseconds a new connection may take. @default 10000 */
  readonly connectTimeout?: number
  /** Whose connections are used, instead of those the store belongs to. */
  readonly lifecycle?: Lifecycle
  /** Tells that a call which takes long still makes headway, such as reading back a file; silence ends it. */
  readonly touch?: () => void
}

/** What an object carries beside its bytes. */
export interface ObjectAttributes {
  readonly contentType?: string
  readonly cacheControl?: string
  readonly contentDisposition?: string
  readonly contentEncoding?: string
  /** User metadata. Names are compared in lower case, as object stores send them back. */
  readonly metadata?: Readonly<Record<string, string>>
  readonly storageClass?: string
}

export interface ObjectInfo extends ObjectAttributes {
  readonly key: string
  /** Bytes; missing where it cannot be known before the end. */
  readonly size?: number
  /**
   * Changes whenever the bytes change; opaque. Handed back as {@link Context.version}, it makes `open` give
   * bytes of exactly this version or fail with SOURCE_CHANGED.
   */
  readonly version: string
  readonly etag?: string
  readonly lastModified?: Date
  /** Digests of the whole object which the store itself vouches for. */
  readonly digests?: Digests
  /** Of an object made of parts, where the store vouches for no MD5 of the whole. Parts may be found to check it by. */
  readonly compositeMd5?: CompositeMd5
}

/** The MD5 of the parts' MD5s, one behind the other in binary: what an ETag like `"<md5>-<parts>"` states. */
export interface CompositeMd5 {
  /** Lower-case hex. */
  readonly md5: string
  readonly parts: number
}

/** `crc64`: CRC-64/XZ as an unsigned decimal string. `md5`: lower-case hex. */
export interface Digests {
  readonly crc64?: string
  readonly md5?: string
}

/** The answer to {@link Source.peek}. */
export interface Peek {
  readonly info: ObjectInfo
  /**
   * All bytes of the object, of exactly the version in `info`; missing where it has more than was asked for. To be read
   * to the end or left early, which frees them: nobody else does.
   */
  readonly bytes?: Bytes
}

/** Where bytes come from. Anything with `location`, `stat` and `open` will do: stores make these, and so may you. */
export interface Source {
  /** Names the object in messages and results; never holds a secret. */
  readonly location: string
  /**
   * `true`: the bytes can be opened only once, from the start to the end (an upload request, a pipe).
   * The core then holds each part until the sink has accepted it. A source of unknown size is read this way too.
   * @default false
   */
  readonly sequential?: boolean
  /** Folder where the held parts of a sequential source may be kept, instead of in memory. */
  readonly spool?: string
  /** Rejects with NOT_FOUND where there is no object. Moves no bytes of it. */
  stat(context?: Context): Promise<ObjectInfo>
  /**
   * Exactly that range (all, if none is given) of that version, or an error; never a truncated body.
   * Rejects with SOURCE_CHANGED when `context.version` is no longer what is there.
   */
  open(range?: ByteRange, context?: Context): Promise<Bytes>
  /**
   * What `stat` gives, and the bytes with it where the object has at most `limit` of them, all from one answer: a small
   * object then costs one request in place of three. The core asks so first, where the sink takes small objects whole.
   * Whoever wraps a source and wants to see every read leaves it out.
   */
  peek?(limit: number, context?: Context): Promise<Peek>
  /**
   * Bytes of one part, counted from 0, of those that {@link ObjectInfo.compositeMd5} is made of; undefined where the
   * store does not tell. Asked only for `verify: 'end-to-end'`. Moves no bytes of the object.
   */
  partSize?(part: number, context?: Context): Promise<number | undefined>
}
