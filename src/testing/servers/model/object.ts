import type { ObjectAttributes } from '../../../contract/source'
import type { SharedBytes } from './bytes'

/** An object as the server holds it. ETags are kept without quotes. */
export interface StoredObject {
  readonly key: string
  readonly bytes: SharedBytes
  readonly etag: string
  readonly md5?: string
  readonly crc64?: string
  readonly attributes: ObjectAttributes
  readonly lastModified: Date
  /** Of a multipart object, in order. */
  readonly partSizes?: readonly number[]
}

export interface StoredPart {
  readonly partNumber: number
  readonly bytes: SharedBytes
  readonly etag: string
  readonly crc64?: string
  readonly lastModified: Date
}

/** A multipart upload under way. */
export interface Upload {
  readonly uploadId: string
  readonly key: string
  readonly initiated: Date
  readonly attributes: ObjectAttributes
  readonly parts: Map<number, StoredPart>
}
