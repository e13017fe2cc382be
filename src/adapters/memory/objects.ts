import type { NewObject, PartReceipt } from '../../contract/sink'
import type { ObjectInfo } from '../../contract/source'

/** What a memory store holds. Only whole objects are in `objects`; parts wait in `uploads` until the commit. */
export interface Bucket {
  readonly name: string
  readonly objects: Map<string, StoredObject>
  readonly uploads: Map<string, Upload>
  /** Never gives the same twice: versions and upload ids come from here. */
  nextId(): string
}

export interface StoredObject {
  readonly info: ObjectInfo & { readonly size: number }
  /** Never written to again, so a reader of a replaced object still gets that object. */
  readonly chunks: readonly Uint8Array[]
  /** The session that made it: how a repeated commit recognises its own work. */
  readonly uploadId?: string
}

export interface Upload {
  readonly key: string
  readonly began: Date
  readonly object: NewObject
  readonly parts: Map<number, StoredPart>
}

export interface StoredPart {
  readonly start: number
  readonly receipt: Required<PartReceipt>
  readonly chunks: readonly Uint8Array[]
}

export function createBucket(name: string): Bucket {
  let last = 0
  return { name, objects: new Map(), uploads: new Map(), nextId: () => String(++last) }
}

export function locate(bucket: Bucket, key: string): string {
  return `${bucket.name}/${key}`
}
