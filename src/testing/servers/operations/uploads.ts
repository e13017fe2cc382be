import type { StoredPart, Upload } from '../model/object'
import { ServiceError } from '../service-error'
import type { XmlElement } from '../xml'
import { attributesOf } from './attributes'
import { receiveBody } from './receive'
import { type Reply, xmlReply } from './reply'
import type { Task } from './service'

export async function createUpload({ service, call }: Task): Promise<Reply> {
  const { bucket, dialect } = service
  const { uploadId } = bucket.begin(call.key, attributesOf(call, dialect), service.now())
  return xmlReply(service, 'InitiateMultipartUploadResult', [
    ['Bucket', bucket.name],
    ['Key', call.key],
    ['UploadId', uploadId],
  ])
}

export async function uploadPart(task: Task): Promise<Reply> {
  const { service } = task
  const { dialect } = service
  const partNumber = partNumberOf(task)
  findUpload(task)
  const { bytes, digests, etag } = await receiveBody(task, dialect.partDigests, dialect.limits.maxPartSize)
  await keepPart(task, { partNumber, bytes, etag, crc64: digests.crc64, lastModified: service.now() })
  return {
    status: 200,
    headers: { etag: `"${etag}"`, ...dialect.digestHeaders({ crc64: digests.crc64 }) },
  }
}

export async function abortUpload(task: Task): Promise<Reply> {
  await task.service.bucket.end(findUpload(task))
  return { status: 204, headers: {} }
}

export function findUpload({ service, call }: Task): Upload {
  const upload = service.bucket.uploads.get(call.query.get('uploadId') ?? '')
  if (upload?.key === call.key) return upload
  const listed = call.operation === 'ListParts' && service.dialect.quirks.listsNoSuchKey
  const reason = 'there is no such upload; it may have been completed or aborted'
  throw new ServiceError(404, listed ? 'NoSuchKey' : 'NoSuchUpload', reason)
}

export function partNumberOf({ service, call }: Task): number {
  const text = call.query.get('partNumber') ?? ''
  const partNumber = Number(text)
  const { maxParts } = service.dialect.limits
  if (/^\d+$/.test(text) && partNumber >= 1 && partNumber <= maxParts) return partNumber
  const range = `from 1 to ${maxParts}`
  throw new ServiceError(400, 'InvalidArgument', `partNumber must be an integer ${range}`)
}

/** The upload is looked up again: it may have ended while the body came in. */
export async function keepPart(task: Task, part: StoredPart): Promise<void> {
  try {
    await task.service.bucket.putPart(findUpload(task), part)
  } catch (error) {
    await part.bytes.release()
    throw error
  }
}

export async function listParts(task: Task): Promise<Reply> {
  const { service, call } = task
  const upload = findUpload(task)
  const limit = call.query.pageSize('max-parts')
  const marker = Number(call.query.get('part-number-marker') || 0)
  const rest = [...upload.parts.values()]
    .filter(({ partNumber }) => partNumber > marker)
    .sort((a, b) => a.partNumber - b.partNumber)
  const page = rest.slice(0, limit)
  const last = page.at(-1)
  const encode = keyEncoder(task)
  return xmlReply(service, 'ListPartsResult', [
    ['Bucket', service.bucket.name],
    ['EncodingType', call.query.get('encoding-type')],
    ['Key', encode(call.key)],
    ['UploadId', upload.uploadId],
    ['Owner', owner],
    ['StorageClass', upload.attributes.storageClass ?? 'STANDARD'],
    ['PartNumberMarker', marker],
    ['NextPartNumberMarker', last?.partNumber],
    ['MaxParts', limit],
    ['IsTruncated', page.length < rest.length],
    ...page.map((part) => ['Part', describePart(part)] as const),
  ])
}

const describePart = (part: StoredPart): [string, string | number][] => [
  ['PartNumber', part.partNumber],
  ['LastModified', part.lastModified.toISOString()],
  ['ETag', `"${part.etag}"`],
  ['Size', part.bytes.size],
]

/** `encoding-type=url` lets keys that XML cannot hold appear in lists. */
export function keyEncoder({ call }: Pick<Task, 'call'>): (key: string) => string {
  const type = call.query.get('encoding-type')
  if (type === undefined || type === '') return (key) => key
  if (type !== 'url') throw new ServiceError(400, 'InvalidArgument', 'encoding-type can only be url')
  return encodeURIComponent
}

export const owner: XmlElement[] = [
  ['ID', 'sluiceway'],
  ['DisplayName', 'sluiceway'],
]
