import { attributeNames } from '../../contract/attribute-names'
import type { Sink, SinkCapabilities } from '../../contract/sink'
import type { SinkOptions } from '../../contract/store'
import { createDigester } from '../../integrity/digester'
import { damaged, sessionLost, throwIfAborted, tooLarge } from './errors'
import { type Bucket, locate } from './objects'
import { publish } from './publish'
import { reconcile } from './reconcile'
import { memorySession } from './session'

export type MemoryLimits = Pick<
  SinkCapabilities,
  'minPartSize' | 'maxPartSize' | 'maxParts' | 'maxObjectSize' | 'maxPutSize'
>

export function memorySink(
  bucket: Bucket,
  key: string,
  attributes: SinkOptions,
  limits: MemoryLimits,
  cleanups: Set<Promise<void>>,
): Sink {
  const location = locate(bucket, key)
  return {
    location,
    attributes,
    capabilities: {
      ...limits,
      attributes: attributeNames,
      attests: ['crc64', 'md5'],
      createOnly: 'enforced',
    },

    async stat(context = {}) {
      throwIfAborted(context.signal, location)
      return bucket.objects.get(key)?.info
    },

    async put(object, bytes, digests, context = {}) {
      throwIfAborted(context.signal, location)
      const { maxPutSize = Number.POSITIVE_INFINITY } = limits
      if (bytes.length > maxPutSize) throw tooLarge(location, 'a put', maxPutSize, bytes.length)
      // The bytes are the caller's again once this returns; it is the copy that is checked and kept.
      const chunk = new Uint8Array(bytes)
      const digester = createDigester(['crc64', 'md5'])
      digester.update(chunk)
      const { crc64, md5 } = digester.digest()
      if (crc64 !== digests.crc64 || md5 !== digests.md5) {
        throw damaged(location)
      }
      return publish(bucket, key, object, { chunks: [chunk], digests: { crc64, md5 }, etag: md5! })
    },

    async begin(object, context = {}) {
      throwIfAborted(context.signal, location)
      const id = bucket.nextId()
      bucket.uploads.set(id, { key, began: new Date(), object, parts: new Map() })
      return memorySession(bucket, key, id, limits)
    },

    async resume(state, _object, context = {}) {
      throwIfAborted(context.signal, location)
      const id = (state as { uploadId?: unknown } | null)?.uploadId
      if (typeof id !== 'string' || bucket.uploads.get(id)?.key !== key) throw sessionLost(location, id)
      return memorySession(bucket, key, id, limits)
    },

    async discard(state, context = {}) {
      throwIfAborted(context.signal, location)
      const id = (state as { uploadId?: unknown } | null)?.uploadId
      if (typeof id !== 'string') throw sessionLost(location, id)
      bucket.uploads.delete(id)
    },

    async reconcile(pending, object, context = {}) {
      throwIfAborted(context.signal, location)
      return reconcile(bucket, key, pending, object)
    },

    defer(cleanup) {
      const settled = cleanup.catch(() => {}).then(() => void cleanups.delete(settled))
      cleanups.add(settled)
    },
  }
}
