import COS from 'cos-nodejs-sdk-v5'
import type { HttpRequest } from '../object-store/http-request'
import type { CosCredentials, CosSettings } from './options'
import type { Call } from './port'

/** The calls that a small object consists of. */
const methods = { headObject: 'HEAD', getObject: 'GET', putObject: 'PUT' } as const

export type SignedCall = Call<keyof typeof methods>

export const isSignedCall = (call: { readonly name: string }): call is SignedCall =>
  Object.hasOwn(methods, call.name)

/**
 * Builds the requests of a client of our own as the SDK would, and signs them with its signature. To let the SDK build
 * one costs several times what sending it does.
 */
export function signedRequest(
  call: SignedCall,
  credentials: CosCredentials,
  settings: CosSettings,
): HttpRequest {
  const method = methods[call.name]
  const { Key, VersionId } = call.params as { Key: string; VersionId?: string }
  const { protocol, host, port, hostHeader } = addressOf(settings)
  const headers: Record<string, string> = {
    ...(call.bytes && {
      'Content-Length': String(call.bytes.byteLength),
      // Empty where there is none, lest a proxy should set one of its own.
      'Cache-Control': '',
    }),
    ...call.headers,
    'User-Agent': 'sluiceway',
    Host: hostHeader,
  }
  const Authorization = COS.getAuthorization({
    SecretId: credentials.secretId,
    SecretKey: credentials.secretKey,
    Method: method,
    Pathname: `/${Key}`,
    Query: VersionId === undefined ? {} : { versionId: VersionId },
    Headers: Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== '')),
  } as never)
  const { securityToken } = credentials
  const path = `/${Key.split('/').map(encode).join('/')}`
  return {
    protocol,
    method,
    host,
    port,
    path: VersionId === undefined ? path : `${path}?versionId=${encode(VersionId)}`,
    headers: { ...headers, Authorization, ...(securityToken && { 'x-cos-security-token': securityToken }) },
    ...(call.bytes && { body: call.bytes }),
  }
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

const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
