import type { GetObjectCommandOutput } from '@aws-sdk/client-s3'
import type { Headers } from '../../object-store/http-request'
import { percentEncode } from '../../object-store/percent-encode'

/** What a request for an object can say, under the names of the SDK. */
export interface ObjectInput {
  readonly Range?: string
  readonly IfMatch?: string
  readonly IfNoneMatch?: string
  readonly VersionId?: string
  readonly PartNumber?: number
  readonly UploadId?: string
  readonly ContentType?: string
  readonly CacheControl?: string
  readonly ContentDisposition?: string
  readonly ContentEncoding?: string
  readonly StorageClass?: string
  readonly ContentMD5?: string
  readonly Metadata?: Readonly<Record<string, string>>
}

/** What an answer about an object says, under the names of the SDK. */
export type ObjectOutput = Omit<GetObjectCommandOutput, 'Body' | '$metadata'>

const requestHeaders = {
  Range: 'range',
  IfMatch: 'if-match',
  IfNoneMatch: 'if-none-match',
  ContentType: 'content-type',
  CacheControl: 'cache-control',
  ContentDisposition: 'content-disposition',
  ContentEncoding: 'content-encoding',
  StorageClass: 'x-amz-storage-class',
  ContentMD5: 'content-md5',
} as const

const metadataPrefix = 'x-amz-meta-'

export function headersOf(input: ObjectInput): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [field, name] of Object.entries(requestHeaders)) {
    const value = input[field as keyof typeof requestHeaders]
    if (value !== undefined) headers[name] = value
  }
  for (const [name, value] of Object.entries(input.Metadata ?? {}))
    headers[`${metadataPrefix}${name}`] = value
  return headers
}

/** In the order in which it is signed. */
export function queryOf({ PartNumber, UploadId, VersionId }: ObjectInput): string {
  return Object.entries({ partNumber: PartNumber, uploadId: UploadId, versionId: VersionId })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${percentEncode(String(value))}`)
    .join('&')
}

export function outputOf(headers: Headers): ObjectOutput {
  const text = (name: string) => {
    const value = headers[name]
    return typeof value === 'string' ? value : undefined
  }
  const number = (name: string) => {
    const value = text(name)
    return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined
  }
  const modified = Date.parse(text('last-modified') ?? '')
  return {
    ETag: text('etag'),
    VersionId: text('x-amz-version-id'),
    ContentLength: number('content-length'),
    ContentRange: text('content-range'),
    ContentType: text('content-type'),
    CacheControl: text('cache-control'),
    ContentDisposition: text('content-disposition'),
    ContentEncoding: text('content-encoding'),
    LastModified: Number.isNaN(modified) ? undefined : new Date(modified),
    Metadata: metadataOf(headers),
    StorageClass: text('x-amz-storage-class') as ObjectOutput['StorageClass'],
    PartsCount: number('x-amz-mp-parts-count'),
    ServerSideEncryption: text('x-amz-server-side-encryption') as ObjectOutput['ServerSideEncryption'],
    SSECustomerAlgorithm: text('x-amz-server-side-encryption-customer-algorithm'),
  }
}

function metadataOf(headers: Headers): Record<string, string> {
  const metadata: Record<string, string> = {}
  for (const name of Object.keys(headers)) {
    const value = headers[name]
    if (name.startsWith(metadataPrefix) && typeof value === 'string') {
      metadata[name.slice(metadataPrefix.length)] = value
    }
  }
  return metadata
}
