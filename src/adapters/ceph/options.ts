import type { S3Client } from '@aws-sdk/client-s3'
import { TransferError } from '../../contract/errors'
import { checkLifecycle } from '../../lifecycle/internals'
import type { Lifecycle } from '../../lifecycle/lifecycle'
import type { CredentialsOption } from '../object-store/credentials'
import { type CephLimits, limitNames, limitsWith } from './limits'

export interface CephCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export interface CephOptions {
  readonly bucket: string
  /** Of the gateway, such as `https://rgw.example.com`; the bucket becomes part of the path. */
  readonly endpoint?: string
  /**
   * Keys, or an async function that returns them, with `expiration` where they are temporary: it is asked again
   * shortly before that, and when the gateway calls them expired.
   */
  readonly credentials?: CredentialsOption<CephCredentials>
  /** @default 'default' */
  readonly region?: string
  /**
   * A ready-made client instead: it is used as configured (its endpoint, credentials and region are the ones that
   * count, its own retries included) and stays open. Its `requestChecksumCalculation` and
   * `responseChecksumValidation` must be `'WHEN_REQUIRED'`; anything else is INVALID_OPTION at the first request.
   * The lifecycle closes the idle connections of its agents; their age, and those in use, are the client's affair.
   */
  readonly client?: S3Client
  /** Sizes that the operator of the gateway has changed. */
  readonly limits?: Partial<CephLimits>
  /** Keeps the connections fresh; that of a transfer goes before it. @default the `lifecycle` of this process */
  readonly lifecycle?: Lifecycle
}

const names = new Set(['bucket', 'endpoint', 'credentials', 'region', 'client', 'limits', 'lifecycle'])

/** @throws INVALID_OPTION naming the option. Sends nothing. */
export function checkOptions(options: CephOptions): void {
  if (typeof options !== 'object' || options === null) throw invalid('options', 'must be an object')
  for (const name of Object.keys(options)) if (!names.has(name)) throw invalid(name, 'is not known')
  checkBucket(options.bucket)
  if (options.client !== undefined) checkClient(options.client)
  if (options.endpoint !== undefined || !options.client) checkEndpoint(options.endpoint)
  if (options.credentials !== undefined || !options.client) checkCredentialsOption(options.credentials)
  if (options.region !== undefined && !isFilled(options.region)) throw invalid('region', 'must be a string')
  if (options.limits !== undefined) checkLimits(options.limits)
  checkLifecycle(options.lifecycle, invalid)
}

/** @throws INVALID_OPTION without a trace of the values. */
export function checkCredentials(credentials: unknown): asserts credentials is CephCredentials {
  const { accessKeyId, secretAccessKey, sessionToken } = (credentials ?? {}) as Partial<CephCredentials>
  if (!isFilled(accessKeyId)) throw invalid('credentials', 'must have an accessKeyId (a string)')
  if (!isFilled(secretAccessKey)) throw invalid('credentials', 'must have a secretAccessKey (a string)')
  if (sessionToken !== undefined && !isFilled(sessionToken)) {
    throw invalid('credentials', 'has a sessionToken that is no string')
  }
}

export function invalid(option: string, problem: string): TransferError {
  return new TransferError('INVALID_OPTION', `ceph: the option ${option} ${problem}.`, {
    context: { option },
  })
}

const isFilled = (value: unknown): value is string => typeof value === 'string' && value !== ''

function checkBucket(bucket: unknown): void {
  if (!isFilled(bucket)) throw invalid('bucket', 'must be the name of a bucket (a string)')
  // `tenant:bucket` is how Ceph names the bucket of another tenant.
  if (!/^[\w.:-]{1,255}$/.test(bucket)) {
    throw invalid(
      'bucket',
      'may hold letters, digits, dots, dashes, underscores and a tenant with a colon, 255 at most',
    )
  }
}

function checkEndpoint(endpoint: unknown): void {
  const example = 'such as https://rgw.example.com'
  if (!isFilled(endpoint)) throw invalid('endpoint', `must be the URL of the gateway, ${example}`)
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw invalid('endpoint', `must be a URL with http or https, ${example}`)
  }
  if (url.username || url.password)
    throw invalid('endpoint', 'must not hold a user or password: use credentials')
  if (url.search || url.hash) throw invalid('endpoint', 'must not hold a query or a fragment')
}

function checkCredentialsOption(credentials: unknown): void {
  if (typeof credentials !== 'function') checkCredentials(credentials)
}

function checkClient(client: unknown): void {
  const { send, config } = client as { send?: unknown; config?: unknown }
  if (typeof send === 'function' && typeof config === 'object') return
  throw invalid('client', 'must be an S3Client of @aws-sdk/client-s3')
}

function checkLimits(limits: Partial<CephLimits>): void {
  if (typeof limits !== 'object' || limits === null) throw invalid('limits', 'must be an object')
  for (const [name, value] of Object.entries(limits)) {
    if (!limitNames.includes(name as keyof CephLimits)) throw invalid(`limits.${name}`, 'is not known')
    if (!Number.isSafeInteger(value) || value < (name === 'maxPutSize' ? 0 : 1)) {
      throw invalid(`limits.${name}`, 'must be a positive integer')
    }
  }
  const { minPartSize, maxPartSize } = limitsWith(limits)
  if (minPartSize > maxPartSize) throw invalid('limits.minPartSize', `is above maxPartSize (${maxPartSize})`)
}
