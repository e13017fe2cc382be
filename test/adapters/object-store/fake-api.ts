import { createHash } from 'node:crypto'
import type { ObjectApi, StoredPart, Upload } from '../../../src/adapters/object-store/api'
import { TransferError } from '../../../src/contract/errors'
import type { Committed, NewObject } from '../../../src/contract/sink'
import type { Context, ObjectInfo } from '../../../src/contract/source'
import { compositeEtag } from '../../../src/integrity/etag'

export const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex')
export const error = (code: TransferError['code'], retry: TransferError['retry'] = 'permanent') =>
  new TransferError(code, `the fake says ${code}`, { retry })
export const connectionLost = () => error('CONNECTION', 'temporary')

interface FakeUpload {
  readonly key: string
  readonly initiated: Date
  readonly parts: Map<number, StoredPart>
}

interface FakeObject {
  readonly size: number
  readonly etag: string
}

let count = 0

/** A backend in memory. Tests replace a method, and call the original, to let a reply be lost or a part be late. */
export class FakeApi implements ObjectApi {
  /** No two alike: the process remembers which uploads of a bucket are its own. */
  readonly name = `fake:bucket${++count}`
  readonly objects = new Map<string, FakeObject>()
  readonly uploads = new Map<string, FakeUpload>()
  readonly calls: string[] = []
  #next = 1

  head = async (key: string, _context: Context): Promise<ObjectInfo> => {
    this.calls.push('head')
    const found = this.objects.get(key)
    if (!found) throw error('NOT_FOUND')
    return { key, ...found, version: `"${found.etag}"` }
  }

  peek: ObjectApi['peek'] = async (key, _limit, context) => ({ info: await this.head(key, context) })

  get: ObjectApi['get'] = async () => {
    throw error('NOT_FOUND')
  }

  put: ObjectApi['put'] = async (key, _object, bytes): Promise<Committed> => {
    this.calls.push('put')
    this.objects.set(key, { size: bytes.byteLength, etag: md5(bytes) })
    return { etag: md5(bytes), md5: md5(bytes) }
  }

  createUpload = async (key: string, _object: NewObject, _context: Context): Promise<string> => {
    this.calls.push('create')
    const uploadId = `upload-${this.#next++}`
    this.uploads.set(uploadId, { key, initiated: new Date(), parts: new Map() })
    return uploadId
  }

  uploadPart: ObjectApi['uploadPart'] = async (_key, uploadId, partNumber, body) => {
    const hash = createHash('md5')
    for await (const chunk of await body.open()) hash.update(chunk)
    const digest = hash.digest('hex')
    this.addPart(uploadId, partNumber, body.size, digest)
    return { etag: `"${digest}"`, md5: digest }
  }

  addPart(uploadId: string, partNumber: number, size: number, digest: string): void {
    this.upload(uploadId).parts.set(partNumber, { partNumber, size, etag: `"${digest}"`, md5: digest })
  }

  listParts = async (_key: string, uploadId: string, _context: Context): Promise<StoredPart[]> => {
    this.calls.push('listParts')
    return [...this.upload(uploadId).parts.values()]
  }

  completeUpload: ObjectApi['completeUpload'] = async (key, uploadId) => {
    this.calls.push('complete')
    const parts = [...this.upload(uploadId).parts.values()].sort((a, b) => a.partNumber - b.partNumber)
    const etag = compositeEtag(parts.map((part) => part.md5!))
    this.objects.set(key, { size: parts.reduce((sum, part) => sum + part.size, 0), etag })
    this.uploads.delete(uploadId)
    return { etag }
  }

  abortUpload = async (_key: string, uploadId: string, _context: Context): Promise<void> => {
    this.calls.push('abort')
    this.uploads.delete(uploadId)
  }

  listUploads = async (key: string, _context: Context): Promise<Upload[]> => {
    this.calls.push('listUploads')
    return [...this.uploads]
      .filter(([, upload]) => upload.key === key)
      .map(([uploadId, { initiated }]) => ({ uploadId, initiated }))
  }

  async *list(): AsyncGenerator<ObjectInfo> {}

  remove: ObjectApi['remove'] = async (key) => {
    this.calls.push('remove')
    this.objects.delete(key)
  }

  upload(uploadId: string): FakeUpload {
    const found = this.uploads.get(uploadId)
    if (!found) throw error('SESSION_LOST')
    return found
  }
}

export const bodyOf = (...chunks: string[]) => ({
  size: chunks.join('').length,
  async open() {
    return (async function* () {
      for (const chunk of chunks) yield Buffer.from(chunk)
    })()
  },
})

export const newObject = (createOnly = false): NewObject => ({ attributes: {}, createOnly })
