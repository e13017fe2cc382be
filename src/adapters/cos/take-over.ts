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
  // Only the HTTP layer knows the protocol: a proxy may have another than the bucket.
  const securely = (options: http.RequestOptions) => {
    const agent = options.agent === agents?.http ? agents?.https : options.agent
    return https.request({ ...options, agent })
  }
  request.httpModules = {
    'http:': { request: starter(exchange, (given, options) => startPlainly(given, options, http.request)) },
    'https:': { request: starter(exchange, (given, options) => given.start(securely(options))) },
  }
}

type Send = (options: http.RequestOptions) => http.ClientRequest
type Start = (exchange: Exchange, options: http.RequestOptions) => unknown

function starter(exchange: Exchange | undefined, start: Start): (options: http.RequestOptions) => unknown {
  return (options) => {
    if (!exchange) throw new Error('This request has been given up.')
    try {
      return start(exchange, options)
    } catch (error) {
      // What Node refuses to send, such as a header it cannot write, is thrown: the SDK would take it for the network.
      exchange.fail(error)
      throw error
    }
  }
}

function startPlainly(exchange: Exchange, options: http.RequestOptions, send: Send): unknown {
  const request = exchange.direct ? directRequest(options) : undefined
  if (!request) return exchange.start(send(options))
  return exchange.startDirect(request, () => send(options))
}

/** The request as it can be sent directly: not to a proxy, whose path is a whole address. */
function directRequest({ host, port, path, headers }: http.RequestOptions): DirectRequest | undefined {
  if (!host || !path?.startsWith('/') || !headers) return undefined
  const texts = Object.entries(headers).map(([name, value]) => [name, String(value)])
  return { host, port: Number(port ?? 80), path, headers: Object.fromEntries(texts) }
}
