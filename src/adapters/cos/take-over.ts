import * as http from 'node:http'
import * as https from 'node:https'
import { type Agents, withConnectTimeout } from '../../lifecycle/agents'
import type { Exchange } from './exchange'
import type { SdkRequest } from './sdk'

/**
 * Puts an exchange between the SDK's HTTP layer and the network. Without one the request is not sent: it is the SDK's
 * second attempt at a call, or its first after the caller has given up.
 */
export function takeOver(
  request: SdkRequest,
  exchange: Exchange | undefined,
  agents: Agents,
  { keepAlive, connectTimeout }: { keepAlive: boolean; connectTimeout: number | undefined },
): void {
  // Without an agent it shares the sockets of the whole process, even when told not to keep them.
  if (keepAlive) request.agent ??= agents.http
  else request.pool = false
  const sender = (send: Send) =>
    senderOf(exchange, (options) => withConnectTimeout(connectTimeout, () => send(options)))
  request.httpModules = {
    'http:': { request: sender((options) => http.request(options)) },
    'https:': {
      request: sender((options) => {
        // Only the HTTP layer knows the protocol: a proxy may have another than the bucket.
        const agent = options.agent === agents.http ? agents.https : options.agent
        return https.request({ ...options, agent })
      }),
    },
  }
}

type Send = (options: http.RequestOptions) => http.ClientRequest

function senderOf(exchange: Exchange | undefined, send: Send): (options: http.RequestOptions) => unknown {
  return (options) => {
    if (!exchange) throw new Error('This request has been given up.')
    try {
      return exchange.start(send(options))
    } catch (error) {
      // What Node refuses to send, such as a header it cannot write, is thrown: the SDK would take it for the network.
      exchange.fail(error)
      throw error
    }
  }
}
