import COS from 'cos-nodejs-sdk-v5'
import { credentialsCache } from '../object-store/credentials'
import { asksProxy } from './asked-proxies'
import { checkClient } from './check-client'
import { type CosCredentials, type CosSettings, checkCredentials } from './options'
import type { PortOptions } from './port'
import type { CosSdk } from './sdk'
import { isAddress, isLoopback, isRegional, SignedRequests } from './signed-calls'

/** The SDK and how it signs. */
export type CosClient = Pick<PortOptions, 'sdk' | 'authorise' | 'adjust' | 'signed'>

export function createClient(settings: CosSettings): CosClient {
  return settings.client ? { sdk: checkClient(settings.client, settings) } : ownClient(settings)
}

/**
 * Each request is signed with the keys that are right at that moment. Handed over as keys they would be kept by the
 * SDK until they end, also when COS has called them expired; and a function of the caller that gives nothing would
 * throw where nobody can catch it.
 */
function ownClient(settings: CosSettings): CosClient {
  const cache = credentialsCache<CosCredentials>(settings.credentials!, checkCredentials)
  const requests = new SignedRequests(settings)
  let current: CosCredentials
  const options = {
    ...addressOf(settings),
    getAuthorization(request: SigningRequest, signed: (signature: object) => void) {
      const { secretId: SecretId, secretKey: SecretKey, securityToken } = current
      const Authorization = COS.getAuthorization({ ...request, SecretId, SecretKey })
      signed({ Authorization, SecurityToken: securityToken })
    },
    // Another host would be another endpoint than the one asked for.
    AutoSwitchHost: false,
    // Keys go out as they are.
    UseRawKey: true,
    ObjectKeySimplifyCheck: false,
  }
  return {
    sdk: new COS(options as unknown as COS.COSOptions) as unknown as CosSdk,
    async signed(call) {
      // The SDK knows how to ask a proxy, which is not asked for this machine's own addresses.
      const isOwn = settings.endpoint && isLoopback(settings.endpoint)
      if (!isOwn && asksProxy(requests.address)) return undefined
      const keys = await cache.get()
      return {
        request: requests.build(call, keys),
        otherKeys: () => cache.invalidate(keys),
      }
    },
    async authorise() {
      const keys = await cache.get()
      return {
        // The SDK asks for the signature in the same tick in which it is called.
        apply: () => {
          current = keys
        },
        otherKeys: () => cache.invalidate(keys),
      }
    },
    adjust(request) {
      // A proxy of the environment could not reach this machine's own addresses; the SDK would ask it all the same.
      if (settings.endpoint && isLoopback(settings.endpoint)) request.proxy = null
    },
  }
}

interface SigningRequest {
  readonly Method: COS.Method
  readonly Pathname: string
  readonly Query: object
  readonly Headers: object
  /** Absent here, or the SDK would sign the name it would give the host by itself. */
  readonly Bucket?: undefined
}

/** The Host header is signed, so it must be the one that is sent: the SDK sees to that with each of these. */
function addressOf({ bucket, endpoint }: CosSettings): { Protocol: string; Domain?: string; Ip?: string } {
  if (!endpoint) return { Protocol: 'https:' }
  const { protocol: Protocol, host } = endpoint
  if (isAddress(endpoint)) return { Protocol, Ip: host }
  return { Protocol, Domain: isRegional(endpoint) ? `${bucket}.${host}` : host }
}
