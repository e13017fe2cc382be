import type { Body, Committed, NewObject, PartReceipt } from '../../contract/sink'
import type { ByteRange, Bytes, Context, Digests, ObjectInfo, Peek } from '../../contract/source'

/**
 * One request each: the calls that Ceph and COS have in common, as the shared source, sink and session need them.
 * An adapter implements this over its SDK and nothing more.
 *
 * Every method rejects with a TransferError whose code and retryability the adapter's `errors.ts` decided, makes one
 * attempt, destroys its request and its body when `context.signal` fires, and settles soon after.
 */
export interface ObjectApi {
  /** Such as `ceph:staging`. */
  readonly name: string
  /**
   * Names the gateway (not the bucket), where {@link ObjectApi.copyPart} is possible between its buckets; equal
   * strings mean that it sees both.
   */
  readonly gateway?: string
  /** As the gateway knows it. @default the `name` */
  readonly bucket?: string
  /** With `context.version`, SOURCE_CHANGED where the object is no longer that version. */
  head(key: string, context: Context): Promise<ObjectInfo>
  /** Bytes of one part, counted from 1, of a multipart object; undefined where the gateway does not tell. */
  partSize?(key: string, partNumber: number, context: Context): Promise<number | undefined>
  /** The status, Content-Range and Content-Length are checked before the bytes are handed out. */
  get(key: string, range: ByteRange | undefined, context: Context): Promise<Bytes>
  /**
   * One GET of the first `limit` bytes: what its answer says of the object, and the bytes where they are all. Rejects
   * with TRUNCATED for an empty object, of which HTTP has no first bytes. Undefined for a server that knows no ranges:
   * its answer would state the size once only, and a body that was cut short with its length could not be told.
   */
  peek(key: string, limit: number, context: Context): Promise<Peek | undefined>
  /** `md5` (hex) is sent as Content-MD5, so the server refuses a damaged body. */
  put(key: string, object: NewObject, bytes: Uint8Array, md5: string, context: Context): Promise<Committed>
  createUpload(key: string, object: NewObject, context: Context): Promise<string>
  /** `partNumber` counts from 1. The digests are what the server states of the part. */
  uploadPart(
    key: string,
    uploadId: string,
    partNumber: number,
    body: Body,
    context: Context,
  ): Promise<UploadedPart>
  /** Server-side copy of a range of another object of the same gateway. */
  copyPart?(
    key: string,
    uploadId: string,
    partNumber: number,
    source: CopySource,
    context: Context,
  ): Promise<UploadedPart>
  /** All pages. SESSION_LOST where there is no such upload. */
  listParts(key: string, uploadId: string, context: Context): Promise<StoredPart[]>
  /**
   * SESSION_LOST where there is no such upload. A reply that holds an error is no success, whatever its status; one
   * that lacks the ETag (Ceph 16.2 sends an empty one the first time) leaves it out here, and the caller looks.
   */
  completeUpload(
    key: string,
    uploadId: string,
    parts: readonly { partNumber: number; etag: string }[],
    object: NewObject,
    context: Context,
  ): Promise<Committed>
  /** Resolves where there is no such upload. */
  abortUpload(key: string, uploadId: string, context: Context): Promise<void>
  /** Uploads under way for exactly this key, all pages. */
  listUploads(key: string, context: Context): Promise<Upload[]>
  /** Every upload under way in the bucket, whoever began it, page by page. */
  listAllUploads?(context: Context): AsyncIterable<NamedUpload>
  list(prefix: string, context: Context): AsyncIterable<ObjectInfo>
  remove(key: string, version: string | undefined, context: Context): Promise<void>
}

export interface UploadedPart extends Digests {
  readonly etag: string
}

export interface StoredPart extends Omit<PartReceipt, 'index'> {
  readonly partNumber: number
}

export interface CopySource {
  readonly bucket: string
  readonly key: string
  readonly version: string
  readonly range: ByteRange
}

export interface Upload {
  readonly uploadId: string
  readonly initiated: Date
}

export interface NamedUpload extends Upload {
  readonly key: string
}
