import { connect, type Socket } from 'node:net'
import { listen } from './accept'

/**
 * A line with a delay, in a process of its own: `delay.ts PORT MILLISECONDS`. Every byte arrives that much later, each
 * way, and a new connection waits for one round trip before its first byte leaves. Bandwidth is limited by nothing but
 * what one connection may have under way: room is given back a round trip after it was taken, as by an acknowledgement.
 */
const [port, delay] = process.argv.slice(2).map(Number) as [number, number]

/** Bytes. With 30 ms it lets one connection have 33 MiB/s, as a window of TCP does that has not grown to its limit. */
const room = 1024 * 1024

/** What the bytes wait in. Blocks are used again: fresh memory for each would cost more than all else here. */
const blockSize = 128 * 1024
const free: Buffer[] = []

class Line {
  readonly #from: Socket
  readonly #to: Socket
  readonly #queue: { readonly block: Buffer; readonly length: number; readonly due: number }[] = []
  #underway = 0
  #timer: NodeJS.Timeout | undefined

  constructor(from: Socket, to: Socket) {
    this.#from = from
    this.#to = to
  }

  /** `bytes` are lent. */
  take(bytes: Buffer, earliest = 0): void {
    this.#underway += bytes.length
    if (this.#underway >= room) this.#from.pause()
    const due = Math.max(performance.now(), earliest) + delay
    for (let at = 0; at < bytes.length; at += blockSize) {
      const block = free.pop() ?? Buffer.allocUnsafeSlow(blockSize)
      this.#queue.push({ block, length: bytes.copy(block, 0, at), due })
    }
    this.#timer ??= setTimeout(this.#deliver, due - performance.now())
  }

  end(): void {
    setTimeout(() => this.#to.end(), delay + 1)
  }

  readonly #deliver = () => {
    this.#timer = undefined
    while (this.#queue.length > 0) {
      const { block, length, due } = this.#queue[0]!
      const wait = due - performance.now()
      // A timer is as coarse as a millisecond.
      if (wait > 0.5) {
        this.#timer = setTimeout(this.#deliver, wait)
        return
      }
      this.#queue.shift()
      this.#to.write(block.subarray(0, length), () => {
        free.push(block)
        setTimeout(this.#acknowledge, delay, length)
      })
    }
  }

  readonly #acknowledge = (length: number) => {
    const full = this.#underway >= room
    this.#underway -= length
    if (full && this.#underway < room) this.#from.resume()
  }
}

const listening = await listen(false, (connection) => {
  const client = connection.socket
  const buffer = Buffer.allocUnsafeSlow(256 * 1024)
  const onread = {
    buffer,
    callback(length: number) {
      back.take(buffer.subarray(0, length))
      return true
    },
  }
  const server = connect({ host: '127.0.0.1', port, onread })
  const there = new Line(client, server)
  const back = new Line(server, client)
  const established = performance.now() + 2 * delay
  connection.receive = (bytes) => there.take(bytes, established)
  server.setNoDelay().on('error', () => client.destroy())
  client.on('end', () => there.end()).on('close', () => there.end())
  server.on('end', () => back.end()).on('close', () => back.end())
})
process.on('disconnect', () => process.exit())
process.send!(listening)
