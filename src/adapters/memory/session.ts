import type { Committed, PartReceipt, WriteSession } from '../../contract/sink'
import { createDigester } from '../../integrity/digester'
import { assemble } from './assemble'
import { sessionLost, throwIfAborted, tooLarge, wrongLength } from './errors'
import { type Bucket, locate, type StoredPart, type Upload } from './objects'
import { committed, publish } from './publish'
import { readBody } from './read-body'
import type { MemoryLimits } from './sink'

export function memorySession(
  bucket: Bucket,
  key: string,
  uploadId: string,
  limits: MemoryLimits,
): WriteSession {
  const location = locate(bucket, key)
  let answer: Committed | undefined

  function upload(): Upload {
    const found = bucket.uploads.get(uploadId)
    if (!found) throw sessionLost(location, uploadId)
    return found
  }

  return {
    state: { uploadId },

    async writePart(part, body, context = {}) {
      const { maxParts = 10_000, maxPartSize = Number.POSITIVE_INFINITY } = limits
      if (part.index >= maxParts) throw tooLarge(location, 'a number of parts', maxParts, part.index + 1)
      if (part.size > maxPartSize) throw tooLarge(location, 'parts', maxPartSize, part.size)
      upload()
      const digester = createDigester(['crc64', 'md5'])
      const chunks: Uint8Array[] = []
      let size = 0
      for await (const borrowed of readBody(body, context.signal, location)) {
        const chunk = new Uint8Array(borrowed)
        size += chunk.length
        if (size > part.size) throw wrongLength(location, part.index, part.size, size)
        digester.update(chunk)
        chunks.push(chunk)
      }
      if (size < part.size) throw wrongLength(location, part.index, part.size, size)
      const { crc64, md5 } = digester.digest() as { crc64: string; md5: string }
      const stored: StoredPart = {
        start: part.start,
        receipt: { index: part.index, size, etag: md5, crc64, md5 },
        chunks,
      }
      // Asked again: a part that was in flight while the session was aborted must not bring it back.
      upload().parts.set(part.index, stored)
      return stored.receipt
    },

    async listParts(context = {}) {
      throwIfAborted(context.signal, location)
      const receipts = [...upload().parts.values()].map((part): PartReceipt => part.receipt)
      return receipts.sort((a, b) => a.index - b.index)
    },

    async commit(receipts, context = {}) {
      throwIfAborted(context.signal, location)
      if (answer) return answer
      const object = bucket.objects.get(key)
      // The reply to an earlier commit may have been lost, with the process that waited for it.
      if (object?.uploadId === uploadId) return committed(object)
      const held = upload()
      const content = assemble(held, receipts, limits, location)
      answer = publish(bucket, key, held.object, { ...content, uploadId })
      bucket.uploads.delete(uploadId)
      return answer
    },

    async revoke(revoked, context = {}) {
      throwIfAborted(context.signal, location)
      const object = bucket.objects.get(key)
      if (object?.info.version === revoked.version) bucket.objects.delete(key)
    },

    async abort() {
      bucket.uploads.delete(uploadId)
    },
  }
}
