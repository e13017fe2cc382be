import { TransferError } from '../../contract/errors'

/** What a call rejects with when its signal has fired: the core's own error as it is, anything else as ABORTED. */
export function abortError(signal: AbortSignal, location: string): TransferError {
  if (TransferError.is(signal.reason)) return signal.reason
  const message = `The request to ${location} was aborted by its caller.`
  return new TransferError('ABORTED', message, { context: { location }, cause: signal.reason })
}

export function throwIfAborted(signal: AbortSignal | undefined, location: string): void {
  if (signal?.aborted) throw abortError(signal, location)
}
