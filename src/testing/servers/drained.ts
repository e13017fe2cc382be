import { once } from 'node:events'
import type { Writable } from 'node:stream'

/** Until more can be written, or the stream is gone: then 'drain' would never come. */
export async function drained(stream: Writable): Promise<void> {
  const settled = new AbortController()
  const { signal } = settled
  try {
    if (stream.destroyed) return
    await Promise.race([once(stream, 'drain', { signal }), once(stream, 'close', { signal })])
  } finally {
    settled.abort()
  }
}
