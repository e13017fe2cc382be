import type { Readable } from 'node:stream'
import { closed } from './http-request'

/** Bytes; a full page of the longest keys has less than 4 MB. */
const maxSize = 64 * 1024 ** 2

/** All of an answer that is no object. Rejects with the error of the connection, or the reason of the signal. */
export function replyText(
  message: Readable & { readonly complete?: boolean },
  signal: AbortSignal | undefined,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    let size = 0
    const stop = () => void message.destroy(signal?.reason instanceof Error ? signal.reason : undefined)
    if (signal?.aborted) stop()
    else signal?.addEventListener('abort', stop, { once: true })
    message.on('data', (chunk: Uint8Array) => {
      size += chunk.byteLength
      chunks.push(chunk)
      if (size > maxSize) message.destroy(new Error(`The answer has more than ${maxSize} bytes.`))
    })
    message.once('error', reject)
    message.once('end', () => {
      if (message.complete === false) reject(closed('in the middle of the answer'))
      else resolve(Buffer.concat(chunks).toString('utf8'))
    })
    message.once('close', () => {
      signal?.removeEventListener('abort', stop)
      if (!message.readableEnded) reject(closed('in the middle of the answer'))
    })
    if (message.destroyed) reject(closed('in the middle of the answer'))
  })
}
