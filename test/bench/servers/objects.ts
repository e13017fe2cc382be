import { combineAll } from '../../../src/integrity/crc64'
import { digestsOf, multipartEtag } from './digests'

const MiB = 1024 * 1024
/** Objects to be read were uploaded in parts of this size, as far as their ETag tells. */
const partSize = 16 * MiB

export interface StoredObject {
  readonly size: number
  readonly etag: string
  readonly crc64: string
  readonly partSizes: readonly number[]
  readonly metadata: Readonly<Record<string, string>>
}

export interface Upload {
  readonly key: string
  readonly parts: Map<number, number>
  readonly metadata: Readonly<Record<string, string>>
}

/** What was written, as far as its size and its headers: the bytes are not kept. And objects that are there by name. */
export class Objects {
  readonly #written = new Map<string, StoredObject>()
  readonly uploads = new Map<string, Upload>()
  #ids = 0

  /** `<n>MiB` is an object of that size, `small/<n>` one of 16 KiB. */
  find(key: string): StoredObject | undefined {
    const written = this.#written.get(key)
    if (written) return written
    const mebibytes = /^(\d+)MiB$/.exec(key)?.[1]
    const size = mebibytes ? Number(mebibytes) * MiB : /^small\/\d{4}$/.test(key) ? 16 * 1024 : undefined
    if (size === undefined) return undefined
    const object = join(cut(size), {})
    this.#written.set(key, object)
    return object
  }

  /** Sorted; the 2,000 small ones, and what was written. */
  list(prefix: string): string[] {
    const small = Array.from({ length: 2000 }, (_, number) => `small/${String(number).padStart(4, '0')}`)
    const keys = new Set([...small, ...this.#written.keys()])
    return [...keys].filter((key) => key.startsWith(prefix)).sort()
  }

  put(key: string, size: number, metadata: Record<string, string>): StoredObject {
    return this.#keep(key, join([size], metadata, true))
  }

  begin(key: string, metadata: Record<string, string>): string {
    this.#ids += 1
    const id = `upload-${this.#ids}`
    this.uploads.set(id, { key, parts: new Map(), metadata })
    return id
  }

  /** @throws where a part is missing: nobody here leaves one out on purpose */
  complete(id: string, numbers: readonly number[]): StoredObject {
    const { key, parts, metadata } = this.uploads.get(id)!
    const sizes = numbers.map((number) => parts.get(number)!)
    if (sizes.length === 0 || sizes.includes(undefined as never) || sizes.length !== parts.size) {
      throw new Error(`${key}: ${numbers.length} parts were named, ${parts.size} uploaded`)
    }
    this.uploads.delete(id)
    return this.#keep(key, join(sizes, metadata))
  }

  remove(key: string): void {
    this.#written.delete(key)
  }

  /** What was written under a prefix, which is then forgotten. */
  take(prefix: string): { readonly objects: number; readonly bytes: number } {
    const keys = [...this.#written.keys()].filter((key) => key.startsWith(prefix))
    const sizes = keys.map((key) => this.#written.get(key)!.size)
    for (const key of keys) this.#written.delete(key)
    return { objects: keys.length, bytes: sizes.reduce((sum, size) => sum + size, 0) }
  }

  #keep(key: string, object: StoredObject): StoredObject {
    this.#written.set(key, object)
    return object
  }
}

function cut(size: number): number[] {
  const count = Math.max(1, Math.ceil(size / partSize))
  return Array.from({ length: count }, (_, index) => Math.min(partSize, size - index * partSize))
}

function join(partSizes: readonly number[], metadata: Record<string, string>, whole = false): StoredObject {
  let start = 0
  const parts = partSizes.map((size) => {
    const digests = digestsOf(start, size)
    start += size
    return { size, ...digests }
  })
  const plain = whole || partSizes.length === 1
  const etag = plain ? parts[0]!.md5 : multipartEtag(partSizes)
  return { size: start, etag, crc64: combineAll(parts), partSizes, metadata }
}
