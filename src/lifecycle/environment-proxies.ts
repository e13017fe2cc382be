/** Whether Node itself was told, by NODE_USE_ENV_PROXY or --use-env-proxy (from Node 22.21 and 24.5 on), to use them. */
export function usesEnvironmentProxies(): boolean {
  const flags = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(' ')]
  return process.env.NODE_USE_ENV_PROXY === '1' || flags.includes('--use-env-proxy')
}

/** Options of an agent. Node's own agents heed the environment then, so ours do. Earlier releases ignore the option. */
export function environmentProxies(): { proxyEnv?: NodeJS.ProcessEnv } {
  return usesEnvironmentProxies() ? { proxyEnv: process.env } : {}
}

/** Whether requests of this protocol may have to go through one of them. */
export function mayBeProxied(protocol: string): boolean {
  const { HTTP_PROXY, http_proxy, HTTPS_PROXY, https_proxy } = process.env
  const proxy = protocol === 'https:' ? HTTPS_PROXY || https_proxy : HTTP_PROXY || http_proxy
  return Boolean(proxy) && usesEnvironmentProxies()
}
