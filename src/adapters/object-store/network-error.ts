import { TransferError } from '../../contract/errors'

/** `code` of Node's socket, DNS and HTTP parser errors that say: the connection failed, another one may not. */
const connectionCodes = new Set([
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
])

const connectionMessage = /socket hang up|aborted|premature close|network socket disconnected|\bECONN/i

/**
 * The TransferError for an error of the network itself, and undefined for any other. A TransferError inside (that of
 * the connect timeout) comes out as it is.
 */
export function networkError(error: unknown, location: string): TransferError | undefined {
  for (let cause = error, depth = 0; cause && depth < 5; depth++) {
    if (TransferError.is(cause)) return cause
    if (typeof cause !== 'object') return undefined
    const { code, message, cause: inner, errors } = cause as ErrorShape
    if (isConnectionCode(code)) return connectionError(error, String(code), location)
    if (code === 'ETIMEDOUT' || code === 'ESOCKETTIMEDOUT') return timeoutError(error, location)
    if (!code && connectionMessage.test(String(message ?? ''))) {
      return connectionError(error, String(message), location)
    }
    cause = inner ?? errors?.[0]
  }
  return undefined
}

interface ErrorShape {
  code?: unknown
  message?: unknown
  cause?: unknown
  errors?: unknown[]
}

const isConnectionCode = (code: unknown) =>
  typeof code === 'string' && (connectionCodes.has(code) || code.startsWith('HPE_'))

function connectionError(cause: unknown, reason: string, location: string): TransferError {
  const message = `The connection for ${location} failed (${reason}). Check the endpoint and the network.`
  return new TransferError('CONNECTION', message, {
    retry: 'temporary',
    context: { location, reason },
    cause,
  })
}

function timeoutError(cause: unknown, location: string): TransferError {
  const message = `The peer of ${location} did not answer in time. Check the endpoint and the network.`
  return new TransferError('TIMEOUT', message, { retry: 'temporary', context: { location }, cause })
}
