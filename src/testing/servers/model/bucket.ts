import { randomBytes } from 'node:crypto'
import type { ObjectAttributes } from '../../../contract/source'
import type { StoredObject, StoredPart, Upload } from './object'

/** Objects and uploads of one bucket. What is replaced or removed gives its bytes back. */
export class Bucket {
  readonly objects = new Map<string, StoredObject>()
  readonly uploads = new Map<string, Upload>()
  #sorted: string[] | undefined

  constructor(readonly name: string) {}

  /** Keys in the order of their UTF-8 bytes, which is not the order of JavaScript strings. */
  keys(): readonly string[] {
    this.#sorted ??= sortByBytes([...this.objects.keys()])
    return this.#sorted
  }

  async put(object: StoredObject): Promise<void> {
    const old = this.objects.get(object.key)
    this.objects.set(object.key, object)
    if (!old) this.#sorted = undefined
    await old?.bytes.release()
  }

  async remove(key: string): Promise<void> {
    const old = this.objects.get(key)
    if (!old) return
    this.objects.delete(key)
    this.#sorted = undefined
    await old.bytes.release()
  }

  begin(key: string, attributes: ObjectAttributes, now: Date): Upload {
    const uploadId = `2~${randomBytes(16).toString('base64url')}`
    const upload = { uploadId, key, attributes, initiated: now, parts: new Map<number, StoredPart>() }
    this.uploads.set(uploadId, upload)
    return upload
  }

  async putPart(upload: Upload, part: StoredPart): Promise<void> {
    const old = upload.parts.get(part.partNumber)
    upload.parts.set(part.partNumber, part)
    await old?.bytes.release()
  }

  /** Ends the upload; parts that an object took over (retained) keep their bytes. */
  async end(upload: Upload): Promise<void> {
    this.uploads.delete(upload.uploadId)
    for (const part of upload.parts.values()) await part.bytes.release()
  }
}

function sortByBytes(keys: string[]): string[] {
  return keys
    .map((key) => ({ key, bytes: Buffer.from(key) }))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes))
    .map(({ key }) => key)
}
