import type { Body } from '../../contract/sink'
import { abortError, throwIfAborted } from './abort'
import { type RequestBody, requestBody } from './request-body'

/**
 * Opens the body of a part for a request that announces its size. Rejects when the signal fires, even while the
 * source hangs; what it gives after that is freed.
 */
export async function openBody(
  body: Body,
  signal: AbortSignal | undefined,
  location: string,
): Promise<RequestBody> {
  throwIfAborted(signal, location)
  const opening = body.open().then((bytes) => requestBody(bytes, { size: body.size }))
  if (!signal) return opening
  return new Promise((resolve, reject) => {
    const abort = () => {
      opening.then(
        (late) => late.destroy(),
        () => {},
      )
      reject(abortError(signal, location))
    }
    signal.addEventListener('abort', abort, { once: true })
    opening.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
