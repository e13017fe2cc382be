import { closed, type Reply } from './exchange'

/** Bytes; a full page of the longest keys has less than 4 MB. */
const maxSize = 64 * 1024 ** 2

/** All of an answer that is no object. Rejects with the error of the connection, or the reason of the signal. */
export async function replyText(message: Reply['message'], signal: AbortSignal | undefined): Promise<string> {
  const stop = () => void message.destroy()
  if (signal?.aborted) stop()
  else signal?.addEventListener('abort', stop, { once: true })
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of message as AsyncIterable<Uint8Array>) {
      size += chunk.byteLength
      if (size > maxSize) throw new Error(`The answer has more than ${maxSize} bytes.`)
      chunks.push(chunk)
    }
    if (message.complete === false) throw closed('in the middle of the answer')
  } finally {
    signal?.removeEventListener('abort', stop)
  }
  return Buffer.concat(chunks).toString('utf8')
}
