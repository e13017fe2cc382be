import { errno } from '../../contract/errno'
import { TransferError, type TransferErrorCode } from '../../contract/errors'
import { networkCode } from '../../contract/network-codes'

/**
 * Adds where it happened to an error of an adapter. One that is no TransferError comes from a source or sink of the
 * caller's own: its kind is guessed from the error code, and it may be tried again.
 */
export function toTransferError(
  error: unknown,
  side: 'source' | 'sink',
  where: Readonly<Record<string, unknown>>,
): TransferError {
  if (TransferError.is(error)) {
    return Object.keys(where).every((name) => name in error.context)
      ? error
      : error.with({ context: { ...where, ...error.context } })
  }
  const code = codeOf(error, side)
  return new TransferError(code, `${where.location} (${where.operation}) failed: ${messageOf(error)}`, {
    retry: 'temporary',
    context: where,
    cause: error,
  })
}

function codeOf(error: unknown, side: 'source' | 'sink'): TransferErrorCode {
  return networkCode(errno(error)) ?? (side === 'source' ? 'SOURCE_FAILED' : 'SINK_FAILED')
}

/** The message of a foreign error may quote a signed address; its first line, without any query, is enough. */
function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : typeof error === 'string' ? error : 'unknown error'
  return (message.split('\n', 1)[0] ?? '').replace(/\?\S*/g, '?…')
}
