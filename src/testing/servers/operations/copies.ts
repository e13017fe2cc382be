import { header } from '../call'
import type { StoredObject } from '../model/object'
import { ServiceError } from '../service-error'
import { attributesOf } from './attributes'
import { checkConditions } from './conditions'
import { find } from './objects'
import { rangeOf } from './range'
import { store } from './receive'
import { type Reply, xmlReply } from './reply'
import type { Task } from './service'
import { findUpload, keepPart, partNumberOf } from './uploads'

export async function copyObject(task: Task): Promise<Reply> {
  const { service, call } = task
  const { dialect, bucket } = service
  const source = sourceOf(task)
  const directive = header(call, `${dialect.headerPrefix}metadata-directive`) ?? 'COPY'
  const replaces = directive.toUpperCase() === 'REPLACE' || directive === 'Replaced'
  if (source.key === call.key && !replaces) {
    throw new ServiceError(400, 'InvalidRequest', 'a copy onto itself must change something')
  }
  dialect.checkExisting(call, bucket.objects.get(call.key))
  const attributes = replaces ? attributesOf(call, dialect) : source.attributes
  const lastModified = service.now()
  await bucket.put({ ...source, key: call.key, bytes: source.bytes.retain(), attributes, lastModified })
  return copyReply(task, 'CopyObjectResult', source.etag, lastModified, source.crc64)
}

export async function copyPart(task: Task): Promise<Reply> {
  const { service, call } = task
  const partNumber = partNumberOf(task)
  findUpload(task)
  const source = sourceOf(task)
  const value = header(call, `${service.dialect.headerPrefix}copy-source-range`)
  const range = rangeOf(value, source.bytes.size)
  if (value !== undefined && (!range || range.end - 1 !== Number(value.split('-')[1]))) {
    throw service.dialect.errors.copyRange
  }
  const { start, end } = range ?? { start: 0, end: source.bytes.size }
  const body = { size: end - start, chunks: () => source.bytes.read(start, end), atRest: task.body.atRest }
  const lastModified = service.now()
  source.bytes.retain()
  const copied = await store(service, body, service.dialect.partDigests).finally(() => source.bytes.release())
  const { bytes, digests, etag } = copied
  await keepPart(task, { partNumber, bytes, etag, crc64: digests.crc64, lastModified })
  return copyReply(task, 'CopyPartResult', etag, lastModified, digests.crc64)
}

function sourceOf(task: Task): StoredObject {
  const prefix = `${task.service.dialect.headerPrefix}copy-source`
  const source = find(task, task.service.dialect.copySource(header(task.call, prefix) ?? ''))
  const { ignoresCopyConditions } = task.service.dialect.quirks
  if (ignoresCopyConditions || !checkConditions(task.call, source, `${prefix}-`)) return source
  throw new ServiceError(412, 'PreconditionFailed', 'the source does not meet the conditions of the copy')
}

function copyReply(
  { service }: Task,
  name: string,
  etag: string,
  lastModified: Date,
  crc64: string | undefined,
): Reply {
  const content: [string, string][] = [
    ['ETag', service.dialect.quirks.bareCopyEtags ? etag : `"${etag}"`],
    ['LastModified', lastModified.toISOString()],
  ]
  if (crc64 !== undefined && service.dialect.headerPrefix === 'x-cos-') content.push(['CRC64', crc64])
  return xmlReply(service, name, content, service.dialect.digestHeaders({ crc64 }))
}
