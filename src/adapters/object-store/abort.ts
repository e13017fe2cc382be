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

/** The result of `work`, but rejects as soon as the signal fires: for what knows no signal, such as asking for keys. */
export function unlessAborted<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
  location: string,
): Promise<T> {
  if (!signal) return work
  return new Promise((resolve, reject) => {
    const abort = () => reject(abortError(signal, location))
    const settled = () => signal.removeEventListener('abort', abort)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(settled)
  })
}
