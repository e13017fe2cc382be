import { createServer, type Server, Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { certificate, certificateKey } from '../../support/certificate'

export interface Connection {
  readonly socket: Socket
  /** Replaces what becomes of the bytes that come in. They are lent: the next read overwrites them. */
  receive: (bytes: Buffer) => void
}

/** For all connections of the process: each has done with its bytes before another one is read. */
const buffer = Buffer.allocUnsafeSlow(1024 * 1024)

/**
 * Listens on a free port and reads every connection into one buffer. Node allocates 64 KiB for each read of an accepted
 * socket, which would be most of what a server here costs; only a socket made around the handle can be told not to.
 * Over TLS that is not to be had, and bytes come as Node gives them.
 */
export async function listen(tls: boolean, connected: (connection: Connection) => void): Promise<number> {
  const nothing = () => {}
  const server = tls
    ? createTlsServer({ cert: certificate, key: certificateKey }, (socket) => {
        const connection = begin(socket)
        connected(connection)
        socket.on('data', (bytes) => connection.receive(bytes))
      })
    : createServer({ pauseOnConnect: true }, (accepted) => {
        const connection: Connection = begin(
          new Socket({
            ...takeHandle(accepted),
            onread: {
              buffer,
              callback(length: number) {
                connection.receive(buffer.subarray(0, length))
                return true
              },
            },
          } as object),
        )
        connected(connection)
      })
  await new Promise<void>((resolve) => (server as Server).listen(0, '127.0.0.1', resolve))
  return (server.address() as { port: number }).port

  function begin(socket: Socket): Connection {
    // Clients go away as they like; what they had asked for shows in what they print.
    socket.on('error', () => socket.destroy()).setNoDelay()
    return { socket, receive: nothing }
  }
}

/** As child_process does with sockets it has been sent. */
function takeHandle(accepted: Socket): { handle: unknown } {
  const holder = accepted as unknown as { _handle: unknown }
  const handle = holder._handle
  holder._handle = null
  return { handle }
}
