import { TransferError } from '../../contract/errors'
import { networkCode } from '../../contract/network-codes'

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
    const kind = networkCode(code)
    if (kind === 'CONNECTION') return connectionError(error, String(code), location)
    if (kind === 'TIMEOUT') return timeoutError(error, location)
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

/** `code` of what TLS refuses before anything is sent: certificates, names, versions. */
const refusedByTls = /CERT|UNABLE_TO_VERIFY|HOSTNAME_MISMATCH|_TLS_|_SSL_/

/** The TransferError for a connection that TLS refused, and undefined for any other error. */
export function tlsError(error: unknown, location: string): TransferError | undefined {
  const reason = String((error as ErrorShape | undefined)?.code)
  if (!refusedByTls.test(reason)) return undefined
  const message = `The connection for ${location} is not secure (${reason}). Check the certificate of the endpoint.`
  return new TransferError('CONNECTION', message, { context: { location, reason }, cause: error })
}
