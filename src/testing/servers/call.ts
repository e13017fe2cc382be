import type { IncomingHttpHeaders } from 'node:http'
import { percentDecode } from './percent'
import { ServiceError } from './service-error'

/** Operations in the words of S3; those of COS have the same names here. */
export type OperationName =
  | 'ListBuckets'
  | 'HeadBucket'
  | 'GetBucketLocation'
  | 'ListObjects'
  | 'ListObjectsV2'
  | 'ListMultipartUploads'
  | 'DeleteObjects'
  | 'PutObject'
  | 'CopyObject'
  | 'GetObject'
  | 'HeadObject'
  | 'DeleteObject'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'UploadPartCopy'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'ListParts'
  | 'Unsupported'

/** A request, taken apart and not yet trusted. */
export interface Call {
  readonly operation: OperationName
  readonly method: string
  /** Percent-decoded, with its leading slash; what signatures are made of. */
  readonly path: string
  /** Missing where the request names none. */
  readonly bucket?: string
  /** Empty for requests on the bucket. */
  readonly key: string
  readonly query: Query
  readonly headers: IncomingHttpHeaders
  readonly requestId: string
}

/** Parameters in the order sent, percent-decoded. */
export class Query {
  readonly entries: readonly (readonly [name: string, value: string])[]

  constructor(text: string) {
    this.entries = text === '' ? [] : text.split('&').map(parameter)
  }

  get(name: string): string | undefined {
    return this.entries.find(([known]) => known === name)?.[1]
  }

  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  /** A count such as `max-keys`, never above its default of 1,000, as both services page. */
  pageSize(name: string): number {
    const text = this.get(name)
    if (text === undefined || text === '') return 1000
    if (!/^\d+$/.test(text)) throw new ServiceError(400, 'InvalidArgument', `${name} is no number`)
    return Math.min(Number(text), 1000)
  }
}

function parameter(text: string): readonly [string, string] {
  const equals = text.indexOf('=')
  const decode = (part: string) => percentDecode(part.replaceAll('+', ' '))
  return equals < 0 ? [decode(text), ''] : [decode(text.slice(0, equals)), decode(text.slice(equals + 1))]
}

/** The one value of a header; Node gives arrays only for a few names that neither dialect uses. */
export function header(call: Pick<Call, 'headers'>, name: string): string | undefined {
  const value = call.headers[name]
  return Array.isArray(value) ? value.join(',') : value
}
