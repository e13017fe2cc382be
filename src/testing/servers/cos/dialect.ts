import { type Call, header } from '../call'
import type { Dialect, ServerLimits } from '../dialect'
import type { DigestName } from '../model/hasher'
import { percentDecode } from '../percent'
import { noQuirks } from '../quirks'
import { ServiceError } from '../service-error'
import { xmlDocument } from '../xml'
import { type CosCredentials, verifyCosSignature } from './signature'

const gib = 1024 ** 3
const mib = 1024 ** 2

/** https://www.tencentcloud.com/document/product/436/14518 and, for keys, 436/13324 */
const cosLimits: ServerLimits = {
  minPartSize: mib,
  maxPartSize: 5 * gib,
  maxPutSize: 5 * gib,
  maxParts: 10_000,
  maxKeySize: 850,
  maxCompleteSize: 4 * mib,
}

const frozen = ['ARCHIVE', 'DEEP_ARCHIVE', 'MAZ_ARCHIVE']

/** https://www.tencentcloud.com/document/product/436/30925 */
const storageClasses = [
  'STANDARD',
  'STANDARD_IA',
  'INTELLIGENT_TIERING',
  'COLD',
  'MAZ_STANDARD',
  'MAZ_STANDARD_IA',
  'MAZ_INTELLIGENT_TIERING',
  'MAZ_COLD',
  ...frozen,
]

export interface CosDialectOptions {
  readonly bucket: string
  readonly credentials: readonly CosCredentials[]
  readonly limits: Partial<ServerLimits>
  readonly partEtags: 'opaque' | 'md5'
  now(): Date
}

export function cosDialect({ bucket, credentials, limits, partEtags, now }: CosDialectOptions): Dialect {
  return {
    headerPrefix: 'x-cos-',
    limits: { ...cosLimits, ...limits },
    storageClasses: new Set(storageClasses),
    frozenClasses: new Set(frozen),
    defaultContentType: 'application/octet-stream',
    objectDigests: new Set<DigestName>(['crc64', 'md5']),
    partDigests: new Set<DigestName>(partEtags === 'md5' ? ['crc64', 'md5'] : ['crc64']),
    locate(host, path) {
      // `Domain` and `endpoint` reach the server without a bucket in the name; `Ip` and a proxy keep it there.
      const named = /^(.+?)\.cos[^.]*\.[^.]+\.(?:myqcloud\.com|tencentcos\.cn)(?::\d+)?$/.exec(
        host ?? '',
      )?.[1]
      return { bucket: named ?? bucket, key: path.slice(1) }
    },
    authorise: (call) => verifyCosSignature(call, credentials, now()),
    signedSha256: () => undefined,
    checkTransfer: checkLength,
    checkExisting(call, existing) {
      if (existing && header(call, 'x-cos-forbid-overwrite')?.toLowerCase() === 'true') {
        throw new ServiceError(409, 'FileAlreadyExists', 'the object exists and overwriting was forbidden')
      }
    },
    checkNumbers(numbers) {
      if (numbers.every((number, index) => number === numbers[0]! + index)) return
      throw new ServiceError(400, 'InvalidPart', 'part numbers must be continuous')
    },
    errors: {
      keyTooLong: new ServiceError(400, 'KeyTooLong', 'Your key is too long'),
      noParts: new ServiceError(400, 'InvalidArgument', 'the list of parts is empty'),
      storageClass: new ServiceError(400, 'InvalidStorageClass', 'there is no such storage class'),
      copyRange: new ServiceError(400, 'InvalidArgument', 'the copied range must lie within the source'),
    },
    // Its part numbers are those of uploads under way alone.
    quirks: { ...noQuirks, ignoresPartNumber: true },
    digestHeaders: ({ crc64 }): Record<string, string> =>
      crc64 === undefined ? {} : { 'x-cos-hash-crc64ecma': crc64 },
    commonHeaders: { server: 'tencent-cos' },
    copySource: (value) => percentDecode(/^[^/]+\/([^?]+)/.exec(value)?.[1] ?? ''),
    errorDocument: (error, call) =>
      xmlDocument('Error', [
        ['Code', error.code],
        ['Message', error.message],
        ['Resource', `${call.headers.host ?? ''}${call.path}`],
        ['RequestId', call.requestId],
        ['TraceId', Buffer.from(call.requestId).toString('base64')],
      ]),
  }
}

/** COS documents both a Content-Length and, in its place, `Transfer-Encoding: chunked`. */
function checkLength(call: Call): void {
  if (call.headers['content-length'] !== undefined || call.headers['transfer-encoding'] !== undefined) return
  throw new ServiceError(411, 'MissingContentLength', 'Content-Length is required')
}
