import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A TCP relay whose peers can vanish without a word, as behind a NAT gateway that forgot a connection. */
export async function relay(target: number) {
  const pairs = new Set<[Socket, Socket]>()
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1')
    const pair: [Socket, Socket] = [near, far]
    pairs.add(pair)
    for (const [one, other] of [pair, [far, near] as const]) {
      one.on('error', () => {})
      one.on('close', () => other.destroy())
      one.pipe(other)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    /** Nothing moves any more on the connections there are; new ones work. */
    vanish() {
      for (const [near, far] of pairs) {
        near.unpipe(far)
        near.resume()
        far.unpipe(near)
        far.resume()
      }
      pairs.clear()
    },
    close: () => server.close(),
  }
}
