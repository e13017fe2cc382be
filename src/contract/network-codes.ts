/** `code` of Node's socket, DNS, stream and fetch errors that say: the connection failed, another one may not. */
const connection = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETRESET',
  'EADDRNOTAVAIL',
  'ENOTCONN',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_DESTROYED',
  'ERR_SOCKET_CLOSED',
  'UND_ERR_SOCKET',
])

const silence = new Set([
  'ETIMEDOUT',
  'ESOCKETTIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
])

/** No connection came about, so nothing of the request arrived. */
const unconnected = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'])

/** What an error's `code` says of the network, and undefined where it says nothing of it. */
export function networkCode(code: unknown): 'CONNECTION' | 'TIMEOUT' | undefined {
  if (typeof code !== 'string') return undefined
  // HPE: what came is no HTTP.
  if (connection.has(code) || code.startsWith('HPE_')) return 'CONNECTION'
  return silence.has(code) ? 'TIMEOUT' : undefined
}

interface FailureShape {
  readonly code?: unknown
  readonly syscall?: unknown
  readonly context?: { readonly sent?: unknown }
  readonly cause?: unknown
}

/**
 * Whether a request was never sent because no connection was made. `EHOSTUNREACH` and the like come to connections
 * that stand, too, so there the failed call must say that it was connecting.
 */
export function wasNeverSent(error: unknown): boolean {
  for (let cause = error, depth = 0; typeof cause === 'object' && cause !== null && depth < 5; depth++) {
    const { code, syscall, context, cause: inner } = cause as FailureShape
    if (context?.sent === false) return true
    if (unconnected.has(String(code))) return true
    if (syscall === 'connect' && networkCode(code) !== undefined) return true
    cause = inner
  }
  return false
}
