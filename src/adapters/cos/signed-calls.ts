import type { HttpRequest } from '../object-store/http-request'
import { percentEncode, percentEncodePath } from '../object-store/percent-encode'
import type { CosCredentials, CosSettings } from './options'
import type { Call } from './port'
import { Signer } from './signature'

/** The calls that are made for every object and every part. */
const methods = { headObject: 'HEAD', getObject: 'GET', putObject: 'PUT', multipartUpload: 'PUT' } as const

export type SignedCall = Call<keyof typeof methods>

export const isSignedCall = (call: { readonly name: string }): call is SignedCall =>
  Object.hasOwn(methods, call.name)

/**
 * Builds and signs the requests of a client of our own as the SDK would. To let the SDK build one costs several times
 * what sending it does.
 */
export class SignedRequests {
  readonly address: Address
  readonly #signer = new Signer()

  constructor(settings: CosSettings) {
    this.address = addressOf(settings)
  }

  build(call: SignedCall, credentials: CosCredentials): HttpRequest {
    const method = methods[call.name]
    const { Key } = call.params
    const size = call.bytes?.byteLength ?? call.body?.size
    const { hostHeader, ...address } = this.address
    const headers: Record<string, string> = {
      ...(size !== undefined && {
        'Content-Length': String(size),
        // Empty where there is none, lest a proxy should set one of its own.
        'Cache-Control': '',
      }),
      ...call.headers,
      'User-Agent': 'sluiceway',
      Host: hostHeader,
    }
    const query = queryOf(call.params)
    const unsigned = { method, pathname: `/${Key}`, query, headers }
    headers.Authorization = this.#signer.sign(unsigned, credentials, new Date())
    if (credentials.securityToken) headers['x-cos-security-token'] = credentials.securityToken
    const path = `/${percentEncodePath(Key)}`
    const pairs = Object.entries(query).map(([name, value]) => `${name}=${percentEncode(value)}`)
    return {
      ...address,
      method,
      path: pairs.length === 0 ? path : `${path}?${pairs.join('&')}`,
      headers,
      ...(call.bytes && { body: call.bytes }),
    }
  }
}

function queryOf(params: SignedCall['params']): Record<string, string> {
  const { PartNumber, UploadId, VersionId } = params as {
    PartNumber?: number
    UploadId?: string
    VersionId?: string
  }
  const query = { partNumber: PartNumber, uploadId: UploadId, versionId: VersionId }
  return Object.fromEntries(
    Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  )
}

interface Address extends Pick<HttpRequest, 'protocol' | 'host' | 'port'> {
  readonly hostHeader: string
}

function addressOf({ bucket, region, endpoint }: CosSettings): Address {
  const own = `${bucket}.cos.${region}.myqcloud.com`
  if (!endpoint) return { protocol: 'https:', host: own, port: 443, hostHeader: own }
  const { protocol } = endpoint
  const port = Number(endpoint.port) || (protocol === 'https:' ? 443 : 80)
  // An IPv6 address stands in brackets.
  const host = endpoint.hostname.replace(/^\[(.*)\]$/, '$1')
  if (isAddress(endpoint)) return { protocol, host, port, hostHeader: own }
  return isRegional(endpoint)
    ? { protocol, host: `${bucket}.${host}`, port, hostHeader: `${bucket}.${endpoint.host}` }
    : { protocol, host, port, hostHeader: endpoint.host }
}

/** `https://cos.<region>.myqcloud.com` and its like, which get the bucket in front. */
export const isRegional = ({ hostname }: URL): boolean =>
  /^cos[^.]*\.[^.]+\.(myqcloud\.com|tencentcos\.cn)$/.test(hostname)

export const isLoopback = ({ hostname }: URL): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname)

/** Reached as it is, with the bucket in the Host header. */
export const isAddress = (endpoint: URL): boolean =>
  isLoopback(endpoint) || /^[\d.]+$|^\[/.test(endpoint.hostname)
