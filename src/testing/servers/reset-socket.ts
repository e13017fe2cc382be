import type { Socket } from 'node:net'

/**
 * Milliseconds between the last byte and the RST. A peer that finds both at once takes the reset for a clean end: libuv
 * reads the rest of the data and stops there.
 */
export const resetDelay = 10

/** Sends RST and nothing before it. `resetAndDestroy()` alone ends the stream first: the peer may see a clean end. */
export function resetSocket(socket: Socket): void {
  // What is being shut down cannot be reset any more: Node would leave it open for good, and the process hang at its end.
  if (socket.writableEnded) {
    socket.destroy()
    return
  }
  socket.destroySoon = () => void socket.destroy()
  socket.resetAndDestroy()
}
