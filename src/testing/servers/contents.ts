import { createHash } from 'node:crypto'
import type { ObjectAttributes } from '../../contract/source'
import { SharedBytes } from './model/bytes'
import type { StoredObject } from './model/object'
import { syntheticCrc64, syntheticObject } from './model/synthetic'
import { store } from './operations/receive'
import type { Service } from './operations/service'

/** An object that the server holds. */
export interface ServerObject {
  readonly key: string
  readonly size: number
  /** Without quotes. */
  readonly etag: string
  readonly md5?: string
  readonly crc64?: string
  readonly attributes: ObjectAttributes
  readonly lastModified: Date
  /** Sizes of the parts it was made of, where it was. */
  readonly partSizes?: readonly number[]
  /** All of it in memory. Rejects where the server discards bytes. */
  bytes(): Promise<Buffer>
}

/** A multipart upload under way. */
export interface ServerUpload {
  readonly uploadId: string
  readonly key: string
  readonly initiated: Date
  readonly attributes: ObjectAttributes
  readonly parts: readonly { readonly partNumber: number; readonly size: number; readonly etag: string }[]
}

export interface SyntheticOptions {
  /** An integer. @default 1 */
  readonly seed?: number
  readonly attributes?: ObjectAttributes
  /** Without quotes. @default a stable value of the form of a multipart ETag; it is no digest of the bytes */
  readonly etag?: string
}

/** What a test does with the bucket behind the back of the clients. */
export interface Contents {
  /** Stores an object; needs no signature. */
  put(key: string, bytes: Uint8Array | string, attributes?: ObjectAttributes): Promise<ServerObject>
  /**
   * An object of any size that takes no memory: its bytes are those of {@link syntheticBytes}. On COS its CRC-64 is
   * the true one.
   */
  addSynthetic(key: string, size: number, options?: SyntheticOptions): Promise<ServerObject>
  /** Removes an object; nothing happens where there is none. */
  remove(key: string): Promise<void>
  object(key: string): ServerObject | undefined
  /** In the order of their keys' UTF-8 bytes. */
  objects(): ServerObject[]
  /** Multipart uploads that were neither completed nor aborted. */
  uploads(): ServerUpload[]
}

export function contentsOf(service: Service): Contents {
  const { bucket, dialect } = service
  const object = (key: string) => {
    const found = bucket.objects.get(key)
    return found && view(found)
  }
  return {
    async put(key, bytes, attributes = {}) {
      const chunk = Buffer.from(bytes)
      async function* chunks(): AsyncIterable<Uint8Array> {
        yield chunk
      }
      const { digests, ...stored } = await store(service, { chunks }, dialect.objectDigests)
      const { md5, crc64 } = digests
      await bucket.put({ key, ...stored, md5, crc64, attributes, lastModified: service.now() })
      return object(key)!
    },
    async addSynthetic(key, size, { seed = 1, attributes = {}, etag } = {}) {
      const opaque = createHash('md5').update(`synthetic:${seed}:${size}`).digest('hex')
      await bucket.put({
        key,
        bytes: new SharedBytes(syntheticObject(seed, size)),
        etag: etag ?? `${opaque}-2`,
        crc64: dialect.objectDigests.has('crc64') ? syntheticCrc64(seed, size) : undefined,
        attributes,
        lastModified: service.now(),
      })
      return object(key)!
    },
    remove: (key) => bucket.remove(key),
    object,
    objects: () => bucket.keys().map((key) => object(key)!),
    uploads: () =>
      [...bucket.uploads.values()].map(({ parts, ...upload }) => ({
        ...upload,
        parts: [...parts.values()]
          .map(({ partNumber, bytes, etag }) => ({ partNumber, size: bytes.size, etag }))
          .sort((a, b) => a.partNumber - b.partNumber),
      })),
  }
}

const view = ({ bytes, ...rest }: StoredObject): ServerObject => ({
  ...rest,
  size: bytes.size,
  async bytes() {
    const chunks: Uint8Array[] = []
    for await (const chunk of bytes.read(0, bytes.size)) chunks.push(chunk)
    return Buffer.concat(chunks)
  },
})
