import type { Readable } from 'node:stream'
import type { Bytes } from '../../contract/source'

/** The same bytes; when the signal fires, what is behind them is destroyed, also while nobody asks for a chunk. */
export function freed(bytes: Bytes, signal: AbortSignal | undefined): Bytes {
  if (!signal || !isDestroyable(bytes)) return bytes
  const destroy = () => bytes.destroy(signal.reason)
  if (signal.aborted) destroy()
  signal.addEventListener('abort', destroy, { once: true })
  return bytes
}

function isDestroyable(bytes: Bytes): bytes is Readable {
  return typeof (bytes as Readable).destroy === 'function'
}
