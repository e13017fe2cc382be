import { type Call, header } from '../call'
import type { Dialect, ServerLimits } from '../dialect'
import type { DigestName } from '../model/hasher'
import type { StoredObject } from '../model/object'
import { etagListed } from '../operations/conditions'
import { percentDecode } from '../percent'
import { ceph16Quirks, noQuirks } from '../quirks'
import { ServiceError } from '../service-error'
import { xmlDocument } from '../xml'
import { type S3Credentials, unsignedPayload, verifyS3Signature } from './signature'

const gib = 1024 ** 3
const mib = 1024 ** 2

/** Defaults of the Ceph gateway: `rgw_multipart_min_part_size`, `rgw_max_put_size`, `rgw_max_put_param_size`. */
const s3Limits: ServerLimits = {
  minPartSize: 5 * mib,
  maxPartSize: 5 * gib,
  maxPutSize: 5 * gib,
  maxParts: 10_000,
  maxKeySize: 1024,
  maxCompleteSize: mib,
}

export interface S3DialectOptions {
  readonly bucket: string
  readonly credentials: readonly S3Credentials[]
  readonly limits: Partial<ServerLimits>
  readonly storageClasses: readonly string[]
  readonly conditionalComplete: boolean
  readonly gateway: 'ceph-16' | 's3'
  now(): Date
}

export function s3Dialect(options: S3DialectOptions): Dialect {
  const { bucket, credentials, limits, conditionalComplete, now } = options
  const ceph16 = options.gateway === 'ceph-16'
  const quirks = ceph16 ? ceph16Quirks : noQuirks
  return {
    headerPrefix: 'x-amz-',
    namespace: 'http://s3.amazonaws.com/doc/2006-03-01/',
    limits: { ...s3Limits, ...limits },
    storageClasses: new Set(options.storageClasses),
    frozenClasses: new Set(),
    defaultContentType: 'binary/octet-stream',
    objectDigests: new Set<DigestName>(['md5']),
    partDigests: new Set<DigestName>(['md5']),
    locate(_host, path) {
      const [, name = '', key = ''] = /^\/([^/]*)\/?([\s\S]*)$/.exec(path) ?? []
      return { bucket: name === '' ? undefined : name, key }
    },
    authorise: (call) => verifyS3Signature(call, credentials, now()),
    signedSha256(call) {
      const value = header(call, 'x-amz-content-sha256')
      return value === undefined || value === unsignedPayload ? undefined : value
    },
    checkTransfer,
    checkExisting(call, existing) {
      if (
        call.operation === 'PutObject' ||
        (conditionalComplete && call.operation === 'CompleteMultipartUpload')
      ) {
        checkWriteConditions(call, existing)
      }
    },
    checkNumbers() {},
    errors: {
      keyTooLong: new ServiceError(400, 'InvalidObjectName', 'the key is too long'),
      noParts: new ServiceError(400, 'MalformedXML', 'the list of parts is empty'),
      storageClass: new ServiceError(
        400,
        ceph16 ? 'InvalidArgument' : 'InvalidStorageClass',
        'there is no such storage class',
      ),
      copyRange: ceph16
        ? new ServiceError(416, 'InvalidRange', 'the copied range must lie within the source')
        : new ServiceError(400, 'InvalidArgument', 'the copied range must lie within the source'),
    },
    quirks,
    digestHeaders: () => ({}),
    commonHeaders: { 'accept-ranges': 'bytes' },
    copySource(value) {
      const [, name, key = ''] = /^\/?([^/?]+)\/([^?]+)/.exec(value) ?? []
      if (name !== undefined && percentDecode(name) === bucket) {
        return quirks.decodesCopySourceTwice ? percentDecode(percentDecode(key)) : percentDecode(key)
      }
      throw new ServiceError(404, 'NoSuchBucket', 'the source of the copy is in no bucket of this server')
    },
    // The gateway leaves Message empty; the reason stands in the request log of the server.
    errorDocument: (error, call) =>
      xmlDocument('Error', [
        ['Code', error.code],
        ['Message', ''],
        ['BucketName', call.bucket],
        ['RequestId', call.requestId],
        ['HostId', 'sluiceway-default'],
      ]),
  }
}

function checkTransfer(call: Call): void {
  const streaming = header(call, 'x-amz-content-sha256')?.startsWith('STREAMING-')
  if (streaming || call.headers['content-length'] === undefined) {
    throw new ServiceError(411, 'MissingContentLength', 'a plain body of stated length is required')
  }
}

function checkWriteConditions(call: Call, existing: StoredObject | undefined): void {
  const none = call.headers['if-none-match']
  const match = call.headers['if-match']
  if (none !== undefined && existing && etagListed(none, existing.etag)) {
    throw new ServiceError(412, 'PreconditionFailed', 'the object exists')
  }
  if (match !== undefined && !(existing && etagListed(match, existing.etag))) {
    throw new ServiceError(412, 'PreconditionFailed', 'the object is not the one that was to be replaced')
  }
}
