import { createHash } from 'node:crypto'
import { combineCrc64 } from '../../../integrity/crc64'
import { joinBytes, SharedBytes } from '../model/bytes'
import type { StoredObject, StoredPart, Upload } from '../model/object'
import { ServiceError } from '../service-error'
import { textsOf, unescapeXml } from '../xml'
import { receiveText } from './receive'
import { type Reply, xmlReply } from './reply'
import type { Task } from './service'
import { findUpload } from './uploads'

/** Joins the parts that are named; others of the upload are dropped with it. */
export async function completeUpload(task: Task): Promise<Reply> {
  const { service, call } = task
  const { bucket, dialect } = service
  const { repeatableComplete, emptyCompleteEtag } = dialect.quirks
  if (!repeatableComplete) findUpload(task)
  const named = namedParts(await receiveText(task, dialect.limits.maxCompleteSize))
  if (named.length === 0) throw dialect.errors.noParts
  if (repeatableComplete && !bucket.uploads.has(call.query.get('uploadId') ?? ''))
    return repeated(task, named)
  const upload = findUpload(task)
  const parts = checkParts(task, upload, named)
  dialect.checkExisting(call, bucket.objects.get(call.key))
  const object = join(task, upload, parts)
  // The upload ends in the same step, so that of two completions under way only one succeeds.
  bucket.uploads.delete(upload.uploadId)
  await bucket.put(object)
  await bucket.end(upload)
  return completed(task, object, emptyCompleteEtag ? '' : `"${object.etag}"`)
}

const completed = ({ service, call }: Task, object: StoredObject, etag: string): Reply =>
  xmlReply(
    service,
    'CompleteMultipartUploadResult',
    [
      ['Location', `http://${call.headers.host}${call.path}`],
      ['Bucket', service.bucket.name],
      ['Key', call.key],
      ['ETag', etag],
    ],
    service.dialect.digestHeaders(object),
  )

/** Nothing remembers the upload: only the object that stands there can tell that it was completed before. */
function repeated(task: Task, named: readonly NamedPart[]): Reply {
  const object = task.service.bucket.objects.get(task.call.key)
  if (object?.etag === joinedEtag(named)) return completed(task, object, object.etag)
  throw new ServiceError(
    500,
    'InternalError',
    'the upload is gone, and the object is not the one it would make',
  )
}

interface NamedPart {
  readonly partNumber: number
  readonly etag: string
}

function namedParts(xml: string): NamedPart[] {
  return textsOf(xml, 'Part').map((part) => {
    const partNumber = Number(textsOf(part, 'PartNumber')[0] ?? Number.NaN)
    const etag = unescapeXml(textsOf(part, 'ETag')[0] ?? '').replace(/^"|"$/g, '')
    if (!Number.isInteger(partNumber) || etag === '') {
      throw new ServiceError(400, 'MalformedXML', 'every Part needs a PartNumber and an ETag')
    }
    return { partNumber, etag }
  })
}

function checkParts({ service }: Task, upload: Upload, named: readonly NamedPart[]): StoredPart[] {
  const { limits, checkNumbers, quirks } = service.dialect
  const numbers = named.map(({ partNumber }) => partNumber)
  if (numbers.some((number, index) => index > 0 && number <= numbers[index - 1]!)) {
    throw new ServiceError(400, 'InvalidPartOrder', 'parts must be listed in ascending order')
  }
  checkNumbers(numbers)
  if (quirks.namesAllParts && numbers.length !== upload.parts.size) {
    throw new ServiceError(400, 'InvalidPart', 'every part that was uploaded must be named')
  }
  const parts = named.map(({ partNumber, etag }) => {
    const part = upload.parts.get(partNumber)
    if (part?.etag === etag) return part
    throw new ServiceError(400, 'InvalidPart', `part ${partNumber} was not uploaded, or with another ETag`)
  })
  const small = parts.slice(0, -1).find((part) => part.bytes.size < limits.minPartSize)
  if (!small) return parts
  const least = `all parts but the last need at least ${limits.minPartSize} bytes`
  throw new ServiceError(400, 'EntityTooSmall', `part ${small.partNumber} is too small: ${least}`)
}

function join({ service }: Task, upload: Upload, parts: readonly StoredPart[]): StoredObject {
  return {
    key: upload.key,
    bytes: new SharedBytes(joinBytes(parts.map((part) => part.bytes.retain()))),
    etag: joinedEtag(parts),
    crc64: joinedCrc64(parts),
    attributes: upload.attributes,
    lastModified: service.now(),
    partSizes: parts.map((part) => part.bytes.size),
  }
}

function joinedEtag(parts: readonly { readonly etag: string }[]): string {
  const binary = Buffer.concat(parts.map((part) => Buffer.from(part.etag, 'hex')))
  return `${createHash('md5').update(binary).digest('hex')}-${parts.length}`
}

/** Only where every part has one. */
function joinedCrc64([first, ...others]: readonly StoredPart[]): string | undefined {
  let crc = first?.crc64
  for (const part of others) {
    crc = crc && part.crc64 ? combineCrc64(crc, part.crc64, part.bytes.size) : undefined
  }
  return crc
}
