import type { StoredObject, Upload } from '../model/object'
import { percentDecode } from '../percent'
import type { XmlElement } from '../xml'
import { type Reply, xmlReply } from './reply'
import type { Task } from './service'
import { keyEncoder, owner } from './uploads'

/** Paged by `marker`: COS, and S3 before V2. */
export async function listObjects(task: Task): Promise<Reply> {
  const { service, call } = task
  const limit = call.query.pageSize('max-keys')
  const marker = call.query.get('marker') ?? ''
  const page = pageOf(task, marker, limit)
  const encode = keyEncoder(task)
  return xmlReply(service, 'ListBucketResult', [
    ['Name', service.bucket.name],
    ['EncodingType', call.query.get('encoding-type')],
    ['Prefix', encode(call.query.get('prefix') ?? '')],
    ['Marker', encode(marker)],
    ['MaxKeys', limit],
    ['Delimiter', delimiterOf(task)],
    ['IsTruncated', page.truncated],
    ['NextMarker', page.truncated && page.last !== undefined ? encode(page.last) : undefined],
    ...describePage(page, encode, true),
  ])
}

export async function listObjectsV2(task: Task): Promise<Reply> {
  const { service, call } = task
  const limit = call.query.pageSize('max-keys')
  const token = call.query.get('continuation-token')
  const after = token === undefined ? (call.query.get('start-after') ?? '') : percentDecode(token)
  const page = pageOf(task, after, limit)
  const encode = keyEncoder(task)
  return xmlReply(service, 'ListBucketResult', [
    ['Name', service.bucket.name],
    ['EncodingType', call.query.get('encoding-type')],
    ['Prefix', encode(call.query.get('prefix') ?? '')],
    ['StartAfter', call.query.has('start-after') ? encode(after) : undefined],
    ['ContinuationToken', token],
    ['KeyCount', page.objects.length + page.prefixes.length],
    ['MaxKeys', limit],
    ['Delimiter', delimiterOf(task)],
    ['IsTruncated', page.truncated],
    // Opaque to clients; encoded, so that it passes through XML whatever the key holds.
    ['NextContinuationToken', page.truncated ? encodeURIComponent(page.last ?? '') : undefined],
    ...describePage(page, encode, call.query.get('fetch-owner') === 'true'),
  ])
}

interface Page {
  readonly objects: StoredObject[]
  readonly prefixes: string[]
  readonly truncated: boolean
  readonly last?: string
}

const delimiterOf = ({ call }: Task): string | undefined => call.query.get('delimiter') || undefined

/** Walks the keys once; those that share a prefix up to the delimiter count as one entry. */
function pageOf(task: Task, after: string, limit: number): Page {
  const { bucket } = task.service
  const prefix = task.call.query.get('prefix') ?? ''
  const delimiter = delimiterOf(task)
  const objects: StoredObject[] = []
  const prefixes: string[] = []
  let last: string | undefined
  const start = Buffer.from(after)
  for (const key of bucket.keys()) {
    if (!key.startsWith(prefix) || Buffer.compare(Buffer.from(key), start) <= 0) continue
    const cut = delimiter ? key.indexOf(delimiter, prefix.length) : -1
    const folder = cut < 0 ? undefined : key.slice(0, cut + delimiter!.length)
    if (folder !== undefined && (folder === prefixes.at(-1) || folder === after)) continue
    if (objects.length + prefixes.length >= limit) return { objects, prefixes, truncated: limit > 0, last }
    if (folder === undefined) objects.push(bucket.objects.get(key)!)
    else prefixes.push(folder)
    last = folder ?? key
  }
  return { objects, prefixes, truncated: false, last }
}

function describePage(page: Page, encode: (key: string) => string, owned: boolean): XmlElement[] {
  return [
    ...page.objects.map((object): XmlElement => ['Contents', describeObject(object, encode, owned)]),
    ...page.prefixes.map((prefix): XmlElement => ['CommonPrefixes', [['Prefix', encode(prefix)]]]),
  ]
}

const describeObject = (
  object: StoredObject,
  encode: (key: string) => string,
  owned: boolean,
): XmlElement[] => [
  ['Key', encode(object.key)],
  ['LastModified', object.lastModified.toISOString()],
  ['ETag', `"${object.etag}"`],
  ['Size', object.bytes.size],
  ['Owner', owned ? owner : undefined],
  ['StorageClass', object.attributes.storageClass ?? 'STANDARD'],
]

/** Sorted by key, then by upload id; both markers together name where a page begins. */
export async function listUploads(task: Task): Promise<Reply> {
  const { service, call } = task
  const limit = call.query.pageSize('max-uploads')
  const prefix = call.query.get('prefix') ?? ''
  const keyMarker = call.query.get('key-marker') ?? ''
  const idMarker = call.query.get('upload-id-marker') ?? ''
  const rest = [...service.bucket.uploads.values()]
    .filter((upload) => upload.key.startsWith(prefix))
    .sort((a, b) => compare(a.key, b.key) || compare(a.uploadId, b.uploadId))
    .filter((upload) => {
      const order = compare(upload.key, keyMarker)
      return order > 0 || (order === 0 && idMarker !== '' && compare(upload.uploadId, idMarker) > 0)
    })
  const page = rest.slice(0, limit)
  const more = page.length < rest.length
  const last = page.at(-1)
  const encode = keyEncoder(task)
  return xmlReply(service, 'ListMultipartUploadsResult', [
    ['Bucket', service.bucket.name],
    ['EncodingType', call.query.get('encoding-type') || undefined],
    ['Prefix', encode(prefix)],
    ['KeyMarker', encode(keyMarker)],
    ['UploadIdMarker', idMarker],
    ['NextKeyMarker', last && encode(last.key)],
    ['NextUploadIdMarker', last?.uploadId],
    ['MaxUploads', limit],
    ['IsTruncated', more],
    ...page.map((upload): XmlElement => ['Upload', describeUpload(upload, encode)]),
  ])
}

const describeUpload = (upload: Upload, encode: (key: string) => string): XmlElement[] => [
  ['Key', encode(upload.key)],
  ['UploadId', upload.uploadId],
  ['Initiator', owner],
  ['Owner', owner],
  ['StorageClass', upload.attributes.storageClass ?? 'STANDARD'],
  ['Initiated', upload.initiated.toISOString()],
]

const compare = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
