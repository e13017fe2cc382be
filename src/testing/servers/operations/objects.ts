import type { StoredObject } from '../model/object'
import { ServiceError } from '../service-error'
import { attributeHeaders, attributesOf } from './attributes'
import { checkConditions } from './conditions'
import { partSpan } from './part-number'
import { rangeOf, type Span } from './range'
import { receiveBody } from './receive'
import type { Reply } from './reply'
import type { Task } from './service'

export async function putObject(task: Task): Promise<Reply> {
  const { service, call } = task
  const { dialect, bucket } = service
  const attributes = attributesOf(call, dialect)
  dialect.checkExisting(call, bucket.objects.get(call.key))
  const { bytes, digests, etag } = await receiveBody(task, dialect.objectDigests, dialect.limits.maxPutSize)
  try {
    // Again: the object may have appeared while the body came in.
    dialect.checkExisting(call, bucket.objects.get(call.key))
  } catch (error) {
    await bytes.release()
    throw error
  }
  const { md5, crc64 } = digests
  await bucket.put({ key: call.key, bytes, etag, md5, crc64, attributes, lastModified: service.now() })
  return { status: 200, headers: { etag: `"${etag}"`, ...dialect.digestHeaders({ crc64 }) } }
}

export async function headObject(task: Task): Promise<Reply> {
  const found = find(task)
  if (checkConditions(task.call, found)) return notModified(found)
  const headers = describe(task, found)
  const part = partSpan(task, found)
  const { start, end } = part ?? { start: 0, end: found.bytes.size }
  headers['content-length'] = String(end - start)
  if (part) Object.assign(headers, partHeaders(task, found, part))
  return { status: part ? 206 : 200, headers }
}

export async function getObject(task: Task): Promise<Reply> {
  const found = find(task)
  if (checkConditions(task.call, found)) return notModified(found)
  if (task.service.dialect.frozenClasses.has(found.attributes.storageClass ?? '')) {
    throw new ServiceError(403, 'InvalidObjectState', 'the object must be restored before it can be read')
  }
  const { size } = found.bytes
  const part = partSpan(task, found)
  const range = part ?? rangeOf(task.call.headers.range, size)
  const { start, end } = range ?? { start: 0, end: size }
  const headers = describe(task, found)
  if (part) Object.assign(headers, partHeaders(task, found, part))
  else if (range) headers['content-range'] = rangeHeader(range, size)
  const chunks = found.bytes.read(start, end)
  found.bytes.retain()
  return {
    status: range ? 206 : 200,
    headers,
    body: { size: end - start, chunks: () => chunks, done: () => found.bytes.release() },
  }
}

export async function deleteObject({ service, call }: Task): Promise<Reply> {
  await service.bucket.remove(call.key)
  return { status: 204, headers: {} }
}

/** The bucket keeps no versions, so the only version id is `null`. */
export function find({ service, call }: Task, key = call.key): StoredObject {
  const object = service.bucket.objects.get(key)
  if (!object) throw new ServiceError(404, 'NoSuchKey', 'there is no object of this key')
  const versionId = call.query.get('versionId')
  if (versionId !== undefined && versionId !== 'null') {
    throw new ServiceError(404, 'NoSuchVersion', 'there is no such version of the object')
  }
  return object
}

const notModified = (object: StoredObject): Reply => ({ status: 304, headers: { etag: `"${object.etag}"` } })

const rangeHeader = ({ start, end }: Span, size: number) => `bytes ${start}-${end - 1}/${size}`

function partHeaders({ service }: Task, object: StoredObject, part: Span): Record<string, string> {
  const count = object.partSizes?.length
  return {
    // An empty object has no range to name.
    ...(part.end > part.start && { 'content-range': rangeHeader(part, object.bytes.size) }),
    ...(count !== undefined && { [`${service.dialect.headerPrefix}mp-parts-count`]: String(count) }),
  }
}

const describe = ({ service: { dialect } }: Task, object: StoredObject): Record<string, string> => ({
  ...attributeHeaders(object.attributes, dialect),
  ...dialect.digestHeaders(object),
  etag: `"${object.etag}"`,
  'last-modified': object.lastModified.toUTCString(),
  'accept-ranges': 'bytes',
})
