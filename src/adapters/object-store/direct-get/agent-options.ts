import type { Agent } from 'node:http'
import { type SecureSettings, secureOptions } from './secure'

/** Say nothing of how a connection is made. Proxies are looked for in the environment itself. */
const neutral = [
  'agentKeepAliveTimeoutBuffer',
  'defaultPort',
  'keepAlive',
  'keepAliveMsecs',
  'maxCachedSessions',
  'maxFreeSockets',
  'maxSockets',
  'maxTotalSockets',
  'noDelay',
  'path',
  'protocol',
  'proxyEnv',
  'scheduling',
  'timeout',
]

const known = { 'http:': new Set(neutral), 'https:': new Set([...neutral, ...secureOptions]) }

/**
 * The options of an agent, where a direct connection can do all that they say. Undefined where they say anything else,
 * such as which addresses to use: that needs the agent.
 */
export function directOptions(agent: Agent, protocol: keyof typeof known): SecureSettings | undefined {
  // The types do not know it.
  const { options } = agent as { options?: Readonly<Record<string, unknown>> }
  const all = Object.entries(options ?? {})
  return all.every(([name, value]) => value === undefined || known[protocol].has(name)) ? options : undefined
}
