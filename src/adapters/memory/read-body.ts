import type { Body } from '../../contract/sink'
import type { Bytes } from '../../contract/source'
import { aborted, throwIfAborted } from './errors'

/** Opens a body and gives its chunks, but rejects as soon as the signal fires, even while the body itself hangs. */
export async function* readBody(body: Body, signal: AbortSignal | undefined, location: string): Bytes {
  throwIfAborted(signal, location)
  const abort = untilAborted(signal, location)
  let iterator: AsyncIterator<Uint8Array> | undefined
  let over = false
  // Not awaited: return() of a hanging generator waits for the very chunk that never comes.
  const leave = () => void Promise.resolve(iterator?.return?.()).catch(() => {})
  try {
    const opening = body.open().then((bytes) => {
      iterator = bytes[Symbol.asyncIterator]()
      if (over) leave()
      return iterator
    })
    const chunks = await Promise.race([opening, abort.promise])
    while (true) {
      const step = await Promise.race([chunks.next(), abort.promise])
      if (step.done) return
      yield step.value
    }
  } finally {
    over = true
    abort.stop()
    leave()
  }
}

function untilAborted(signal: AbortSignal | undefined, location: string) {
  let stop = () => {}
  const promise = new Promise<never>((_, reject) => {
    const listener = () => reject(aborted(signal!, location))
    signal?.addEventListener('abort', listener, { once: true })
    stop = () => signal?.removeEventListener('abort', listener)
  })
  promise.catch(() => {})
  return { promise, stop }
}
