import * as http from 'node:http'
import * as https from 'node:https'
import { usesEnvironmentProxies } from '../../lifecycle/environment-proxies'
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
  if (protocol === 'http:') return exchange.start(http.request(options))
  const { connections } = exchange
  const ours = options.agent === connections.http
  // Only the HTTP layer knows the protocol: a proxy may have another than the bucket.
  return exchange.start(https.request({ ...options, agent: ours ? connections.https : options.agent }))
}
