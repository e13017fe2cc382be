import { type Call, header } from '../call'
import { headerText, percentEncode, percentEncodePath } from '../percent'
import { ServiceError } from '../service-error'
import { hash, hmac, maxClockSkew, sameSignature } from '../signature'

export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Makes the key a temporary one: requests must then carry it. */
  readonly sessionToken?: string
  /** When the token ends: after it the answer is ExpiredToken. */
  readonly expires?: Date
}

interface Signed {
  readonly credential: string
  readonly signedHeaders: string
  readonly signature: string
  /** Such as 20250101T000000Z. */
  readonly date: string
  readonly token?: string
  readonly payload: string
  /** Seconds a presigned request stays valid. */
  readonly expires?: number
}

export const unsignedPayload = 'UNSIGNED-PAYLOAD'
const algorithm = 'AWS4-HMAC-SHA256'

/**
 * Verifies an AWS Signature Version 4, from the Authorization header or presigned.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
 */
export function verifyS3Signature(call: Call, known: readonly S3Credentials[], now: Date): void {
  const signed = call.headers.authorization === undefined ? presigned(call) : fromHeader(call)
  const [accessKeyId = '', day, region, service, end] = signed.credential.split('/')
  if (service !== 's3' || end !== 'aws4_request' || !region || day !== signed.date.slice(0, 8)) {
    throw denied(
      'the credential must look like KEY/20250101/REGION/s3/aws4_request, of the day of the request',
    )
  }
  const owners = known.filter((one) => one.accessKeyId === accessKeyId)
  const credentials = owners.find(
    ({ sessionToken }) => sessionToken === undefined || sessionToken === signed.token,
  )
  if (!credentials) {
    const reason = owners.length > 0 ? 'the session token is not that of the key' : 'unknown access key'
    throw new ServiceError(403, 'InvalidAccessKeyId', reason)
  }
  checkTime(signed, now)
  if (credentials.expires && credentials.expires <= now) {
    throw new ServiceError(400, 'ExpiredToken', 'the session token has expired')
  }
  if (!signed.signedHeaders.split(';').includes('host')) throw denied('host must be among the signed headers')
  const scope = [day, region, service, end]
  if (!sameSignature(signed.signature, s3Signature(call, signed, scope, credentials.secretAccessKey))) {
    throw new ServiceError(403, 'SignatureDoesNotMatch', 'the signature is not that of this request and key')
  }
}

function s3Signature(call: Call, signed: Signed, scope: string[], secret: string): string {
  const canonical = [
    call.method,
    percentEncodePath(call.path),
    canonicalQuery(call),
    ...signed.signedHeaders.split(';').map((name) => `${name}:${canonicalHeader(call, name)}`),
    '',
    signed.signedHeaders,
    signed.payload,
  ].join('\n')
  const toSign = [algorithm, signed.date, scope.join('/'), hash('sha256', canonical)].join('\n')
  let key: string | Buffer = `AWS4${secret}`
  for (const part of scope) key = hmac('sha256', key, part)
  return hmac('sha256', key, toSign).toString('hex')
}

const canonicalHeader = (call: Call, name: string): string =>
  headerText(header(call, name) ?? '')
    .trim()
    .replace(/ +/g, ' ')

function canonicalQuery(call: Call): string {
  const pairs = call.query.entries
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [percentEncode(name), percentEncode(value)] as const)
  return pairs
    .sort(([a, x], [b, y]) => order(a, b) || order(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function fromHeader(call: Call): Signed {
  const match = /^AWS4-HMAC-SHA256\s+(.*)$/.exec(header(call, 'authorization') ?? '')
  if (!match) throw denied('only AWS4-HMAC-SHA256 signatures are taken')
  const given = new Map(
    match[1]!.split(/,\s*/).map((pair) => pair.split(/=(.*)/s) as unknown as [string, string]),
  )
  const date = header(call, 'x-amz-date') ?? isoBasic(header(call, 'date'))
  return {
    credential: given.get('Credential') ?? '',
    signedHeaders: given.get('SignedHeaders') ?? '',
    signature: given.get('Signature') ?? '',
    date,
    token: header(call, 'x-amz-security-token'),
    payload: header(call, 'x-amz-content-sha256') ?? unsignedPayload,
  }
}

function presigned(call: Call): Signed {
  const { query } = call
  if (!query.has('X-Amz-Signature')) throw denied('the request carries no signature')
  if (query.get('X-Amz-Algorithm') !== algorithm) throw denied(`X-Amz-Algorithm must be ${algorithm}`)
  const expires = Number(query.get('X-Amz-Expires') ?? Number.NaN)
  if (!(expires >= 1 && expires <= 604_800)) throw denied('X-Amz-Expires must be from 1 to 604800 seconds')
  return {
    credential: query.get('X-Amz-Credential') ?? '',
    signedHeaders: query.get('X-Amz-SignedHeaders') ?? '',
    signature: query.get('X-Amz-Signature') ?? '',
    date: query.get('X-Amz-Date') ?? '',
    token: query.get('X-Amz-Security-Token'),
    payload: header(call, 'x-amz-content-sha256') ?? query.get('X-Amz-Content-Sha256') ?? unsignedPayload,
    expires,
  }
}

function checkTime({ date, expires }: Signed, now: Date): void {
  const time = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (Number.isNaN(time)) throw denied('the request needs a date such as 20250101T000000Z')
  if (expires !== undefined && time + expires * 1000 <= now.getTime()) throw denied('Request has expired')
  if (expires === undefined && Math.abs(now.getTime() - time) > maxClockSkew) {
    throw new ServiceError(
      403,
      'RequestTimeTooSkewed',
      'the date of the request is too far from that of the server',
    )
  }
}

/** A Date header in the form that is signed. */
const isoBasic = (date: string | undefined): string => {
  const time = Date.parse(date ?? '')
  return Number.isNaN(time) ? '' : `${new Date(time).toISOString().replace(/[-:]|\.\d+/g, '')}`
}

const denied = (message: string): ServiceError => new ServiceError(403, 'AccessDenied', message)
