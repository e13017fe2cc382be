import type { Socket } from 'node:net'
import { TransferError } from '../contract/errors'

/** Milliseconds a new connection may take, its TLS handshake included. */
export const defaultConnectTimeout = 10_000

/** Gives a connection that is being made so many milliseconds. @returns a function that takes the limit off */
export function limitConnecting(
  socket: Socket,
  ready: 'connect' | 'secureConnect',
  timeout: number,
): () => void {
  const timer = setTimeout(() => {
    const message = `No connection within ${timeout} ms. Check the endpoint and the network, or raise timeouts.connect.`
    const context = { timeout, sent: false }
    socket.destroy(new TransferError('TIMEOUT', message, { retry: 'temporary', context }))
  }, timeout)
  // The connecting socket itself keeps the process alive as long as somebody waits for it.
  timer.unref()
  const stop = () => clearTimeout(timer)
  socket.once(ready, stop)
  socket.once('close', stop)
  return stop
}
