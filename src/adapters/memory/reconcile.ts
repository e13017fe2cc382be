import { isDeepStrictEqual } from 'node:util'
import { attributeNames } from '../../contract/attribute-names'
import type { Committed, NewObject, PendingObject } from '../../contract/sink'
import type { ObjectAttributes } from '../../contract/source'
import type { Bucket } from './objects'
import { attributesOf, committed } from './publish'

/** An object remembers its session; one that was put is known by its bytes and attributes. */
export function reconcile(
  bucket: Bucket,
  key: string,
  { size, digests, session }: PendingObject,
  object: NewObject,
): Committed | undefined {
  const found = bucket.objects.get(key)
  if (!found) return undefined
  if (session !== undefined) {
    const { uploadId } = (session ?? {}) as { uploadId?: unknown }
    return uploadId !== undefined && found.uploadId === uploadId ? committed(found) : undefined
  }
  const { info } = found
  const sameBytes =
    info.size === size && (['crc64', 'md5'] as const).every((name) => info.digests?.[name] === digests[name])
  return sameBytes && isDeepStrictEqual(carried(info), carried(object.attributes))
    ? committed(found)
    : undefined
}

function carried(from: ObjectAttributes) {
  const stored = attributesOf(from)
  return attributeNames.map((name) => stored[name])
}
