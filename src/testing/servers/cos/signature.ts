import { type Call, header } from '../call'
import { headerText, percentDecode, percentEncode } from '../percent'
import { ServiceError } from '../service-error'
import { hash, hmac, maxClockSkew, sameSignature } from '../signature'

export interface CosCredentials {
  readonly secretId: string
  readonly secretKey: string
  /** Makes the key a temporary one: requests must then carry it. */
  readonly securityToken?: string
  /** When the token ends: after it the answer is ExpiredToken. */
  readonly expires?: Date
}

const fields = [
  'q-sign-algorithm',
  'q-ak',
  'q-sign-time',
  'q-key-time',
  'q-header-list',
  'q-url-param-list',
  'q-signature',
] as const

type Signed = Record<(typeof fields)[number], string>

/**
 * Verifies a COS XML API signature, from the Authorization header or from the query.
 * @see https://www.tencentcloud.com/document/product/436/7778
 */
export function verifyCosSignature(call: Call, known: readonly CosCredentials[], now: Date): void {
  const signed = signedFields(call)
  if (signed['q-sign-algorithm'] !== 'sha1') throw denied('q-sign-algorithm must be sha1')
  const owners = known.filter(({ secretId }) => secretId === signed['q-ak'])
  const credentials = owners.find(({ securityToken }) => securityToken === tokenOf(call))
  if (!credentials) {
    const reason = owners.length > 0 ? 'the security token is not that of the key' : 'unknown SecretId'
    throw new ServiceError(403, 'InvalidAccessKeyId', reason)
  }
  checkTime(signed['q-sign-time'], now)
  checkTime(signed['q-key-time'], now)
  if (credentials.expires && credentials.expires <= now) {
    throw new ServiceError(400, 'ExpiredToken', 'the security token has expired')
  }
  if (!sameSignature(signed['q-signature'], cosSignature(call, signed, credentials.secretKey))) {
    throw new ServiceError(403, 'SignatureDoesNotMatch', 'The Signature you specified is invalid.')
  }
}

function cosSignature(call: Call, signed: Signed, secretKey: string): string {
  const query = new Map(call.query.entries.map(([name, value]) => [percentEncode(name).toLowerCase(), value]))
  const text = [
    call.method.toLowerCase(),
    call.path,
    pairs(signed['q-url-param-list'], (name) => query.get(name)),
    pairs(signed['q-header-list'], (name) => headerText(header(call, percentDecode(name)) ?? '')),
    '',
  ].join('\n')
  const toSign = ['sha1', signed['q-sign-time'], hash('sha1', text), ''].join('\n')
  const signKey = hmac('sha1', secretKey, signed['q-key-time']).toString('hex')
  return hmac('sha1', signKey, toSign).toString('hex')
}

/** Only what the list names is signed; a name the request lacks makes another signature. */
const pairs = (list: string, read: (name: string) => string | undefined): string =>
  list
    .split(';')
    .filter((name) => name !== '')
    .map((name) => `${name}=${percentEncode(read(name) ?? '')}`)
    .join('&')

function signedFields(call: Call): Signed {
  const text = header(call, 'authorization')
  const given =
    text === undefined
      ? new Map(call.query.entries)
      : new Map(text.split('&').map((pair) => pair.split(/=(.*)/s) as unknown as [string, string]))
  if (!given.has('q-signature')) throw denied('the request carries no signature')
  const missing = fields.find((name) => !given.has(name))
  if (missing) throw denied(`the signature lacks ${missing}`)
  return Object.fromEntries(fields.map((name) => [name, given.get(name)!])) as Signed
}

const tokenOf = (call: Call): string | undefined =>
  (header(call, 'x-cos-security-token') ?? call.query.get('x-cos-security-token')) || undefined

function checkTime(text: string, now: Date): void {
  const [, start, end] = /^(\d+);(\d+)$/.exec(text) ?? []
  if (start === undefined) throw denied('a signing time must look like 1700000000;1700000900')
  if (Number(end) * 1000 <= now.getTime()) throw denied('Request has expired')
  if (Number(start) * 1000 - now.getTime() > maxClockSkew) {
    throw new ServiceError(403, 'RequestTimeTooSkewed', 'the signing time lies too far in the future')
  }
}

const denied = (message: string): ServiceError => new ServiceError(403, 'AccessDenied', message)
