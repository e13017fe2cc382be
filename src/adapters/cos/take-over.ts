import * as http from 'node:http'
import * as https from 'node:https'
import { usesEnvironmentProxies } from '../../lifecycle/environment-proxies'
import type { DirectRequest } from '../object-store/direct-get/direct-get'
import type { Exchange } from './exchange'
import type { SdkRequest } from './sdk'

/**
 * Puts an exchange between the SDK's HTTP layer and the network. Without one the request is not sent: it is the SDK's
 * second attempt at a call, or its first after the caller has given up.
 */
export function takeOver(
  request: SdkRequest,
  exchange: Exchange | undefined,
  { keepAlive }: { keepAlive: boolean },
): void {
  const agents = exchange?.connections
  // Without an agent it shares the sockets of the whole process, even when told not to keep them.
  if (keepAlive && agents) request.agent ??= agents.http
  else request.pool = false
  // Our agents then ask the proxies themselves, and one of them would be asked to ask itself.
  if (keepAlive && usesEnvironmentProxies()) request.proxy ??= null
  request.httpModules = {
    'http:': { request: starter(exchange, 'http:') },
    'https:': { request: starter(exchange, 'https:') },
  }
}

type Protocol = 'http:' | 'https:'

function starter(
  exchange: Exchange | undefined,
  protocol: Protocol,
): (options: http.RequestOptions) => unknown {
  return (options) => {
    if (!exchange) throw new Error('This request has been given up.')
    try {
      return start(exchange, protocol, options)
    } catch (error) {
      // What Node refuses to send, such as a header it cannot write, is thrown: the SDK would take it for the network.
      exchange.fail(error)
      throw error
    }
  }
}

function start(exchange: Exchange, protocol: Protocol, options: http.RequestOptions): unknown {
  const { connections, direct } = exchange
  const ours = options.agent === connections.http
  const usual = () => {
    if (protocol === 'http:') return http.request(options)
    // Only the HTTP layer knows the protocol: a proxy may have another than the bucket.
    return https.request({ ...options, agent: ours ? connections.https : options.agent })
  }
  const request = direct && ours ? directRequest(protocol, options) : undefined
  return request ? exchange.startDirect(request, usual) : exchange.start(usual())
}

/** The request as it can be sent directly: not to a proxy, whose path is a whole address. */
function directRequest(protocol: Protocol, options: http.RequestOptions): DirectRequest | undefined {
  const { host, path, headers } = options
  if (!host || !path?.startsWith('/') || !headers) return undefined
  const texts = Object.entries(headers).map(([name, value]) => [name, String(value)])
  const port = Number(options.port ?? (protocol === 'https:' ? 443 : 80))
  return { protocol, host, port, path, headers: Object.fromEntries(texts) }
}
