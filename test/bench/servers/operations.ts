import { textsOf, type XmlElement, xmlDocument } from '../../../src/testing/servers/xml'
import { digestsOf } from './digests'
import type { Reply, Request } from './http-exchange'
import type { Objects, StoredObject } from './objects'

export interface Dialect {
  /** Of headers: `x-amz-` or `x-cos-`. */
  readonly prefix: string
  /** The key is empty where the bucket itself is meant. */
  locate(path: string): { readonly bucket: string; readonly key: string }
  digestHeaders(digests: { readonly crc64: string }): Record<string, string>
}

interface Task {
  readonly request: Request
  readonly objects: Objects
  readonly dialect: Dialect
  readonly bucket: string
  readonly key: string
}

/**
 * Just enough of S3 and of COS for the clients of the benchmark. Signatures are not looked at. A write is answered as if
 * it held the pattern, from its size alone; of its bytes only a Content-MD5 is compared.
 */
export function answerer(objects: Objects, dialect: Dialect): (request: Request) => Reply {
  return (request) => {
    const task = { request, objects, dialect, ...dialect.locate(request.path) }
    const reply = (task.key === '' ? onBucket(task) : onObject(task)) ?? {
      status: 501,
      body: xmlDocument('Error', [['Code', `${request.method} ${request.path}?${request.query}`]]),
    }
    // Requests that are not meant to happen must be seen; what looks whether an object is there is answered with 404.
    if (reply.status > 404) throw new Error(`answered with ${reply.status}: ${reply.body}`)
    return reply
  }
}

const xml = (name: string, content: XmlElement[]): Reply => ({
  status: 200,
  headers: { 'content-type': 'application/xml' },
  body: xmlDocument(name, content),
})

function onBucket({ request: { method, query }, objects, bucket }: Task): Reply | undefined {
  if (method === 'HEAD' || method === 'PUT') return { status: 200 }
  if (method !== 'GET') return undefined
  if (query.has('location')) return xml('LocationConstraint', [])
  if (query.has('uploads')) return xml('ListMultipartUploadsResult', [['IsTruncated', false]])
  return list(objects, bucket, query)
}

/** All on one page, whatever page is asked for: 2,000 keys and a few. */
function list(objects: Objects, bucket: string, query: URLSearchParams): Reply {
  const delimiter = query.get('delimiter')
  const prefix = query.get('prefix') ?? ''
  const keys = objects.list(prefix)
  const folderOf = (key: string) => {
    const end = delimiter ? key.indexOf(delimiter, prefix.length) : -1
    return end < 0 ? undefined : key.slice(0, end + 1)
  }
  const folders = new Set(keys.map(folderOf).filter((folder) => folder !== undefined))
  const contents = keys.filter((key) => folderOf(key) === undefined)
  return xml('ListBucketResult', [
    ['Name', bucket],
    ['Prefix', prefix],
    ['IsTruncated', false],
    ['KeyCount', contents.length + folders.size],
    ...contents.map((key): XmlElement => ['Contents', describe(key, objects.find(key)!)]),
    ...[...folders].map((folder): XmlElement => ['CommonPrefixes', [['Prefix', folder]]]),
  ])
}

const describe = (key: string, { etag, size }: StoredObject): XmlElement[] => [
  ['Key', key],
  ['LastModified', modified.toISOString()],
  ['ETag', `"${etag}"`],
  ['Size', size],
  ['StorageClass', 'STANDARD'],
]

function onObject(task: Task): Reply | undefined {
  const { method, query } = task.request
  const uploadId = query.get('uploadId')
  if (uploadId !== null) return onUpload(task, uploadId)
  if (method === 'HEAD' || method === 'GET') return read(task)
  if (method === 'PUT') return put(task)
  if (method === 'POST' && query.has('uploads')) return begin(task)
  if (method !== 'DELETE') return undefined
  task.objects.remove(task.key)
  return { status: 204 }
}

const modified = new Date(0)

function read({ request: { method, headers: asked, query }, objects, dialect, key }: Task): Reply {
  const object = objects.find(key)
  if (!object)
    return { status: 404, body: method === 'HEAD' ? '' : xmlDocument('Error', [['Code', 'NoSuchKey']]) }
  const span = partOf(object, query) ?? rangeOf(asked.range, object.size)
  const { start, end } = span ?? { start: 0, end: object.size }
  const headers: Record<string, string | number> = {
    etag: `"${object.etag}"`,
    'last-modified': modified.toUTCString(),
    'accept-ranges': 'bytes',
    'content-type': 'application/octet-stream',
    ...object.metadata,
    ...dialect.digestHeaders(object),
    ...(query.has('partNumber') && { [`${dialect.prefix}mp-parts-count`]: object.partSizes.length }),
    ...(span && { 'content-range': `bytes ${start}-${end - 1}/${object.size}` }),
  }
  return { status: span ? 206 : 200, headers, body: { start, end } }
}

function partOf({ partSizes }: StoredObject, query: URLSearchParams) {
  const number = Number(query.get('partNumber'))
  if (!number) return undefined
  const start = partSizes.slice(0, number - 1).reduce((sum, size) => sum + size, 0)
  return { start, end: start + partSizes[number - 1]! }
}

function rangeOf(header: string | undefined, size: number) {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(header ?? '') ?? []
  if (first === undefined) return undefined
  return { start: Number(first), end: last ? Math.min(size, Number(last) + 1) : size }
}

const metadataOf = ({ request: { headers }, dialect }: Task) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith(`${dialect.prefix}meta-`)))

function put(task: Task): Reply | undefined {
  const { request, objects, dialect, key } = task
  if (request.headers[`${dialect.prefix}copy-source`]) return undefined
  const object = objects.put(key, request.size, metadataOf(task))
  checkMd5(request, object.etag)
  return { status: 200, headers: { etag: `"${object.etag}"`, ...dialect.digestHeaders(object) } }
}

function checkMd5({ headers, path }: Request, md5: string): void {
  const stated = headers['content-md5']
  if (stated === undefined || stated === Buffer.from(md5, 'hex').toString('base64')) return
  throw new Error(`${path}: the bytes are not those of the pattern, by their Content-MD5`)
}

function begin(task: Task): Reply {
  const { objects, bucket, key } = task
  const id = objects.begin(key, metadataOf(task))
  return xml('InitiateMultipartUploadResult', [
    ['Bucket', bucket],
    ['Key', key],
    ['UploadId', id],
  ])
}

function onUpload({ request, objects, dialect, bucket, key }: Task, id: string): Reply | undefined {
  const upload = objects.uploads.get(id)
  if (!upload) return { status: 404, body: xmlDocument('Error', [['Code', 'NoSuchUpload']]) }
  switch (request.method) {
    case 'PUT': {
      const digests = partDigests(request.size)
      upload.parts.set(Number(request.query.get('partNumber')), request.size)
      checkMd5(request, digests.md5)
      return { status: 200, headers: { etag: `"${digests.md5}"`, ...dialect.digestHeaders(digests) } }
    }
    case 'GET':
      return xml('ListPartsResult', [
        ['UploadId', id],
        ['IsTruncated', false],
        ...[...upload.parts].map(
          ([number, size]): XmlElement => [
            'Part',
            [
              ['PartNumber', number],
              ['ETag', `"${partDigests(size).md5}"`],
              ['Size', size],
              ['LastModified', modified.toISOString()],
            ],
          ],
        ),
      ])
    case 'POST': {
      const object = objects.complete(id, textsOf(request.text, 'PartNumber').map(Number))
      const reply = xml('CompleteMultipartUploadResult', [
        ['Location', `${bucket}/${key}`],
        ['Bucket', bucket],
        ['Key', key],
        ['ETag', `"${object.etag}"`],
      ])
      return { ...reply, headers: { ...reply.headers, ...dialect.digestHeaders(object) } }
    }
    case 'DELETE':
      objects.uploads.delete(id)
      return { status: 204 }
    default:
      return undefined
  }
}

/** Every part begins at a whole MiB, since those of all clients here are so many MiB long. */
const partDigests = (size: number) => digestsOf(0, size)
