import type COS from 'cos-nodejs-sdk-v5'
import { invalid } from './invalid'
import type { CosSettings } from './options'
import type { CosSdk, SdkCalls } from './sdk'

const calls: readonly (keyof SdkCalls)[] = [
  'headObject',
  'getObject',
  'putObject',
  'deleteObject',
  'multipartInit',
  'multipartUpload',
  'multipartComplete',
  'multipartAbort',
  'multipartListPart',
  'multipartList',
  'getBucket',
]

/** Below this, in milliseconds, the answer to the completion of a large upload would never be awaited. */
const leastTimeout = 1000

/** @throws INVALID_OPTION naming the setting that cannot work */
export function checkClient(given: COS, settings: CosSettings): CosSdk {
  const client = given as unknown as CosSdk
  const methods: Record<string, unknown> = client as never
  const usable = typeof client === 'object' && client !== null && typeof client.options === 'object'
  if (!usable || [...calls, 'on', 'off'].some((name) => typeof methods[name] !== 'function')) {
    throw invalid('client', 'must be an instance of COS of cos-nodejs-sdk-v5, 2.15 or later')
  }
  const { SecretId, SecretKey, getAuthorization, getSTS, FollowRedirect, ForcePathStyle, Timeout } =
    client.options
  if (!(SecretId && SecretKey) && !getAuthorization && !getSTS) {
    throw invalid(
      'client',
      'has no SecretId and SecretKey, and no getAuthorization or getSTS, so it cannot sign',
    )
  }
  if (FollowRedirect) {
    throw invalid(
      'client',
      'has FollowRedirect set: a body that was sent cannot be sent again elsewhere; unset it',
    )
  }
  if (ForcePathStyle) throw invalid('client', 'has ForcePathStyle set, which COS does not support; unset it')
  if (typeof Timeout === 'number' && Timeout > 0 && Timeout < leastTimeout) {
    const reason = 'it also runs while the source of a body pauses'
    throw invalid(
      'client',
      `has a Timeout of ${Timeout} ms, too short: ${reason}. Set 0, or ${leastTimeout} or more`,
    )
  }
  checkAgreement(client.options, settings)
  return client
}

/** The client is used as it is, so what it would not do must not be asked for. */
function checkAgreement(client: CosSdk['options'], { credentials, endpoint }: CosSettings): void {
  const keys = typeof credentials === 'object' ? credentials : undefined
  const sameKeys =
    keys &&
    keys.secretId === client.SecretId &&
    keys.secretKey === client.SecretKey &&
    !client.getAuthorization
  if (credentials && !sameKeys) {
    throw invalid('credentials', 'differs from those of the client, which signs by itself; leave it out')
  }
  const hosts = [client.Domain, client.Ip].map((host) => String(host).replace(/^\w+:\/\//, ''))
  if (endpoint && !hosts.includes(endpoint.host)) {
    throw invalid('endpoint', 'differs from the Domain and Ip of the client, which go there; leave it out')
  }
}
