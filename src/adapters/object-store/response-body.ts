import type { Readable } from 'node:stream'
import { TransferError } from '../../contract/errors'
import type { Bytes } from '../../contract/source'
import { abortError } from './abort'
import { networkError } from './network-error'

export interface ResponseBodyOptions {
  /** Bytes that must come. */
  readonly size: number
  readonly signal?: AbortSignal
  /** For messages. */
  readonly location: string
}

/**
 * The bytes of a response: exactly `size` of them, or an error. Leaving early and the signal destroy the response,
 * also before the first byte is asked for: an unread body, even of ten bytes, holds its socket.
 */
export function responseBody(response: Readable, options: ResponseBodyOptions): Bytes {
  const { size, signal, location } = options
  const destroy = () => void response.destroy()
  // After `destroy`, and before somebody iterates, nobody else listens.
  response.on('error', () => {})
  response.once('close', () => signal?.removeEventListener('abort', destroy))
  if (signal?.aborted) destroy()
  else signal?.addEventListener('abort', destroy, { once: true })

  const chunks = response[Symbol.asyncIterator]()
  let received = 0

  async function next(): Promise<IteratorResult<Uint8Array, undefined>> {
    try {
      const chunk = await chunks.next()
      if (signal?.aborted) throw abortError(signal, location)
      if (!chunk.done) received += (chunk.value as Uint8Array).byteLength
      if (received > size || (chunk.done && received < size)) throw wrongSize(received, size, location)
      return chunk.done ? { done: true, value: undefined } : chunk
    } catch (error) {
      destroy()
      throw bodyError(error, signal, location)
    }
  }

  const iterator: AsyncIterator<Uint8Array, undefined> = {
    next,
    async return() {
      destroy()
      return { done: true, value: undefined }
    },
  }
  return { [Symbol.asyncIterator]: () => iterator }
}

function bodyError(error: unknown, signal: AbortSignal | undefined, location: string): TransferError {
  // An abort while reading shows as ECONNRESET.
  if (signal?.aborted) return abortError(signal, location)
  const known = networkError(error, location)
  if (known) return known
  const message = `Reading the body of ${location} failed.`
  return new TransferError('CONNECTION', message, { retry: 'temporary', context: { location }, cause: error })
}

function wrongSize(received: number, size: number, location: string): TransferError {
  const context = { location, expected: size, received }
  if (received < size) {
    const message = `${location} ended after ${received} of ${size} bytes.`
    return new TransferError('TRUNCATED', message, { retry: 'temporary', context })
  }
  const message = `${location} sent more than the ${size} bytes it announced. Check proxies on the way to the gateway.`
  return new TransferError('INTEGRITY', message, { context })
}
