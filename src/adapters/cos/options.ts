import type COS from 'cos-nodejs-sdk-v5'
import { checkLifecycle } from '../../lifecycle/internals'
import type { Lifecycle } from '../../lifecycle/lifecycle'
import type { CredentialsOption } from '../object-store/credentials'
import { invalid } from './invalid'
import { type CosLimits, readLimits } from './limits'

export interface CosCredentials {
  readonly secretId: string
  readonly secretKey: string
  /** With temporary keys. */
  readonly securityToken?: string
}

export interface CosOptions {
  /** With its APPID, such as `'archive-1250000000'`. */
  readonly bucket: string
  /** Such as `'ap-guangzhou'`. */
  readonly region: string
  /**
   * Keys, or an async function that returns them, with `expiration` (a Date) where they are temporary: it is asked
   * again before they expire and after COS called them expired. Required unless `client` is given.
   */
  readonly credentials?: CredentialsOption<CosCredentials>
  /**
   * `http://127.0.0.1:9000` and other addresses are reached with the bucket in the Host header; a regional endpoint
   * such as `https://cos-internal.ap-guangzhou.tencentcos.cn` gets the bucket in front; any other name is taken for
   * the bucket's own domain. Proxies of the environment (HTTPS_PROXY, HTTP_PROXY, NO_PROXY) are used by the SDK,
   * except for loopback addresses.
   * @default `https://<bucket>.cos.<region>.myqcloud.com`
   */
  readonly endpoint?: string
  /**
   * A ready-made `COS` of cos-nodejs-sdk-v5, used as it is configured: its keys, domain, proxy and `Timeout` apply.
   * It is neither changed nor closed; unless its `KeepAlive` is false, it sends through the agents of the lifecycle. `credentials` and `endpoint` can then be left out, and may not differ from its.
   */
  readonly client?: COS
  readonly limits?: CosLimits
  /** Keeps the connections fresh; that of a transfer goes before it. @default the `lifecycle` of this process */
  readonly lifecycle?: Lifecycle
}

/** The same, checked and complete. */
export interface CosSettings {
  readonly bucket: string
  readonly region: string
  readonly credentials?: CredentialsOption<CosCredentials>
  readonly endpoint?: URL
  readonly client?: COS
  readonly limits: Required<CosLimits>
  readonly lifecycle?: Lifecycle
}

const names = ['bucket', 'region', 'credentials', 'endpoint', 'client', 'limits', 'lifecycle'] as const

/** @throws INVALID_OPTION naming the option */
export function readOptions(options: CosOptions): CosSettings {
  if (typeof options !== 'object' || options === null) throw invalid('options', 'must be an object')
  const unknown = Object.keys(options).find((name) => !(names as readonly string[]).includes(name))
  if (unknown !== undefined) throw invalid(unknown, `is not known; known are ${names.join(', ')}`)
  const { bucket, region, credentials, client, lifecycle } = options
  checkBucket(bucket)
  checkRegion(region)
  if (client === undefined && credentials === undefined) {
    throw invalid('credentials', 'is required: { secretId, secretKey, securityToken? }, or an async function')
  }
  if (credentials !== undefined && typeof credentials !== 'function') checkCredentials(credentials)
  checkLifecycle(lifecycle, invalid)
  const endpoint = options.endpoint === undefined ? undefined : readEndpoint(options.endpoint)
  return { bucket, region, credentials, endpoint, client, limits: readLimits(options.limits), lifecycle }
}

/** https://www.tencentcloud.com/document/product/436/13312 */
function checkBucket(bucket: unknown): void {
  const fits =
    typeof bucket === 'string' && bucket.length <= 60 && /^[a-z\d]([a-z\d-]*[a-z\d])?-\d+$/.test(bucket)
  if (!fits) throw invalid('bucket', "must be a name with its APPID, such as 'archive-1250000000'")
}

function checkRegion(region: unknown): void {
  const fits = typeof region === 'string' && /^[a-z\d]+(-[a-z\d]+)+$/.test(region)
  if (!fits && region !== 'accelerate') {
    throw invalid('region', "must be a COS region without 'cos.' in front, such as 'ap-guangzhou'")
  }
}

/** @throws INVALID_OPTION; keys are never quoted */
export function checkCredentials(credentials: CosCredentials): void {
  if (typeof credentials !== 'object' || credentials === null) {
    throw invalid('credentials', 'must be { secretId, secretKey, securityToken? }')
  }
  for (const name of ['secretId', 'secretKey', 'securityToken'] as const) {
    const value: unknown = credentials[name]
    if (value === undefined && name === 'securityToken') continue
    if (typeof value !== 'string' || value === '' || /[^\x21-\x7e]/.test(value)) {
      throw invalid(`credentials.${name}`, 'must be a string without spaces or line breaks, and not empty')
    }
  }
}

function readEndpoint(endpoint: unknown): URL {
  const problem = 'must be an http or https address without a path, such as http://127.0.0.1:9000'
  if (typeof endpoint !== 'string' || !URL.canParse(endpoint)) throw invalid('endpoint', problem)
  const url = new URL(endpoint)
  const bare = url.pathname === '/' && !url.search && !url.hash && !url.username && !url.password
  if (!bare || !/^https?:$/.test(url.protocol)) throw invalid('endpoint', problem)
  return url
}
