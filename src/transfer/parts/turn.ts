/** Milliseconds that chunks may take in one turn of the event loop before the host's own work gets a chance. */
const longest = 5

let begun: number | undefined
let next: Promise<void> | undefined

/**
 * To be asked before each chunk: a promise to wait for, where chunks have taken this turn of the event loop long enough.
 * As long as sockets have bytes and take bytes, the chunks of all transfers would go on and on: Node reads a socket 32
 * times in a row, and 32 buffers of 256 KiB take 11 ms to digest, for each connection.
 */
export function turnOver(): Promise<void> | undefined {
  if (begun === undefined) {
    begun = performance.now()
    next = new Promise((resolve) => {
      setImmediate(() => {
        begun = undefined
        resolve()
      })
    })
    return undefined
  }
  return performance.now() - begun < longest ? undefined : next
}
