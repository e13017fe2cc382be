import { isIP, type TcpNetConnectOpts } from 'node:net'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'

/** The options of an https agent by which TLS is made here as it is there. */
export const secureOptions = [
  'ca',
  'cert',
  'checkServerIdentity',
  'ciphers',
  'crl',
  'ecdhCurve',
  'key',
  'maxVersion',
  'minVersion',
  'passphrase',
  'pfx',
  'rejectUnauthorized',
  'servername',
  'sigalgs',
] as const satisfies readonly (keyof ConnectionOptions)[]

export type SecureSettings = Pick<ConnectionOptions, (typeof secureOptions)[number]>

/** Sessions to keep; the number of Node's own agents. */
const maxPeers = 100

/** Whom a connection leads to, and how it makes sure of that. Equal ones are the same object. */
export interface SecurePeer {
  /** Sent, and looked for in the certificate; empty for an address. */
  readonly servername: string
  readonly settings: SecureSettings
  /** Makes a later handshake shorter. */
  session?: Buffer
}

/** The peers of one agent's settings. */
export class SecurePeers {
  #settings: SecureSettings = {}
  readonly #peers = new Map<string, SecurePeer>()

  /** As Node's client derives it: the name is that of the settings, or of the `Host` header. */
  of(options: SecureSettings, host: string, port: number, hostHeader = host): SecurePeer {
    this.#renew(options)
    const servername = this.#settings.servername ?? nameIn(hostHeader)
    const key = `${servername} ${host} ${port}`
    const peer = this.#peers.get(key) ?? { servername, settings: this.#settings }
    // At the end of the order again, whose first one has not been asked for the longest.
    this.#peers.delete(key)
    this.#peers.set(key, peer)
    const [oldest] = this.#peers.keys()
    if (this.#peers.size > maxPeers && oldest !== undefined) this.#peers.delete(oldest)
    return peer
  }

  /** An agent's options can be changed at any time; what was made with others is not used again. */
  #renew(options: SecureSettings): void {
    if (secureOptions.every((name) => options[name] === this.#settings[name])) return
    const given = secureOptions.filter((name) => options[name] !== undefined)
    this.#settings = Object.fromEntries(given.map((name) => [name, options[name]]))
    this.#peers.clear()
  }
}

export function connectSecurely(options: TcpNetConnectOpts, peer: SecurePeer): TLSSocket {
  const { servername, settings, session } = peer
  // Among the types `onread` is missing; it works because no socket is given.
  const socket = connect({ ...options, ...settings, servername, session } as ConnectionOptions)
  socket.on('session', (fresh) => {
    peer.session = fresh
  })
  socket.once('error', () => {
    peer.session = undefined
  })
  return socket
}

function nameIn(hostHeader: string): string {
  const [, address, name = ''] = /^(?:\[([^\]]*)\]|([^:]*))/.exec(hostHeader) ?? []
  const host = address ?? name
  return isIP(host) ? '' : host
}
