import type { Committed, NewObject } from '../../contract/sink'
import type { Digests, ObjectAttributes } from '../../contract/source'
import { alreadyExists } from './errors'
import { type Bucket, locate, type StoredObject } from './objects'

interface Content {
  readonly chunks: readonly Uint8Array[]
  readonly digests: Digests
  readonly etag: string
  readonly uploadId?: string
}

/** The one place where an object becomes visible. It awaits nothing, so nobody comes between the look and the act. */
export function publish(bucket: Bucket, key: string, object: NewObject, content: Content): Committed {
  if (object.createOnly && bucket.objects.has(key)) throw alreadyExists(locate(bucket, key))
  const { chunks, digests, etag, uploadId } = content
  const stored: StoredObject = {
    info: {
      ...attributesOf(object.attributes),
      key,
      size: chunks.reduce((size, chunk) => size + chunk.length, 0),
      version: bucket.nextId(),
      etag,
      lastModified: new Date(),
      digests,
    },
    chunks,
    uploadId,
  }
  bucket.objects.set(key, stored)
  return committed(stored)
}

export function committed({ info: { size, etag, version, digests } }: StoredObject): Committed {
  return { size, etag, version, ...digests }
}

/** As they are stored. */
export function attributesOf({ metadata, ...attributes }: ObjectAttributes): ObjectAttributes {
  if (!metadata) return attributes
  const lowerCase = Object.entries(metadata).map(([name, value]) => [name.toLowerCase(), value])
  return { ...attributes, metadata: Object.fromEntries(lowerCase) }
}
