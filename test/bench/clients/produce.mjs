import { stretch } from '../pattern.mjs'

/** An upload whose length nobody has said: the object in chunks of 64 KiB, in memory already. */
export async function* produce(size) {
  for (const slice of stretch(0, size)) {
    for (let at = 0; at < slice.length; at += 64 * 1024) yield slice.subarray(at, at + 64 * 1024)
    // A generator that never waits would keep timers and sockets from their turn.
    await new Promise((resolve) => setImmediate(resolve))
  }
}
