import { Agent } from 'node:http'
import type { S3Client } from '@aws-sdk/client-s3'
import type { AgentsOwner } from '../../lifecycle/adopted-agents'

const owners = new WeakMap<S3Client, AgentsOwner>()

/**
 * The agents of a client that was handed in, as its request handler shows them after its first request. A handler of
 * another kind has none, and its connections cannot be kept fresh.
 */
export function handedInAgents(client: S3Client): AgentsOwner {
  const known = owners.get(client)
  if (known) return known
  const owner = {
    agents() {
      const { httpAgent, httpsAgent } = (client.config.requestHandler as Handler).httpHandlerConfigs?.() ?? {}
      return [httpAgent, httpsAgent].filter((agent) => agent instanceof Agent)
    },
  }
  owners.set(client, owner)
  return owner
}

/** Of the SDK, old or new. */
interface Handler {
  httpHandlerConfigs?(): { readonly httpAgent?: unknown; readonly httpsAgent?: unknown }
}
