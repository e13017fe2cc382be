import type { HttpRequest } from '../object-store/http-request'

/** Whether the SDK would ask a proxy of the environment for an address. Its rules differ from those of Node. */
export function asksProxy({
  protocol,
  host,
  port,
}: Pick<HttpRequest, 'protocol' | 'host' | 'port'>): boolean {
  const { HTTP_PROXY, http_proxy, HTTPS_PROXY, https_proxy, NO_PROXY, no_proxy } = process.env
  const plain = HTTP_PROXY || http_proxy
  const proxy = protocol === 'https:' ? HTTPS_PROXY || https_proxy || plain : plain
  if (!proxy) return false
  const exempt = NO_PROXY || no_proxy || ''
  return exempt !== '*' && !exempt.split(',').some((zone) => isWithin(zone, host, port))
}

/** A zone is a domain, its hosts included, and perhaps a port. */
function isWithin(zone: string, host: string, port: number): boolean {
  const [domain = '', zonePort] = zone.trim().toLowerCase().split(':')
  if (zonePort !== undefined && zonePort !== String(port)) return false
  const name = domain.replace(/^\.+/, '')
  return name !== '' && `.${host.toLowerCase()}`.endsWith(`.${name}`)
}
