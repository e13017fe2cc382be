import type { Exchange } from '../exchange'
import { resetDelay } from '../reset-socket'
import { PeerGone } from '../service-error'
import type { Make } from './behaviour'
import { actAfter } from './chunks'
import type { FaultOf } from './table'

/** Faults that take the connection away, or leave it open and silent. */

export const reset: Make<FaultOf<'reset'>> = () => ({
  before: async (exchange) => exchange.reset(),
})

export const close: Make<FaultOf<'close'>> = () => ({
  before: async (exchange) => exchange.hangUp(),
})

export const outage: Make<FaultOf<'outage'>> = ({ ms = Number.POSITIVE_INFINITY }) => ({
  before: async (exchange) => exchange.goAway(ms),
})

export const closeRequest: Make<FaultOf<'close-request'>> = ({ after }) => ({
  receive: (chunks, exchange) => actAfter(chunks, after, async () => exchange.hangUp()),
})

export const resetRequest: Make<FaultOf<'reset-request'>> = ({ after }) => ({
  receive: (chunks, exchange) => actAfter(chunks, after, async () => exchange.reset()),
})

export const resetResponse: Make<FaultOf<'reset-response'>> = ({ after }) => ({
  deliver: (chunks, exchange) =>
    actAfter(chunks, after, async () => {
      await exchange.flushed()
      await exchange.pause(resetDelay)
      exchange.reset()
    }),
})

export const stall: Make<FaultOf<'stall'>> = ({ ms = Number.POSITIVE_INFINITY }) => ({
  async before(exchange) {
    await exchange.pause(ms)
    return undefined
  },
})

export const stallRequest: Make<FaultOf<'stall-request'>> = ({ after, ms = Number.POSITIVE_INFINITY }) => ({
  receive: (chunks, exchange) => actAfter(chunks, after, () => exchange.pause(ms)),
})

export const stallResponse: Make<FaultOf<'stall-response'>> = ({ after, ms = Number.POSITIVE_INFINITY }) => ({
  deliver(chunks, exchange) {
    const stop = async () => {
      await exchange.flushed()
      await exchange.pause(ms)
    }
    // A shorter body has arrived whole: its client would take the silent connection for one that can be used again.
    return actAfter(chunks, after, stop, false)
  },
})

const pieceMs = 50

export const drip: Make<FaultOf<'drip'>> = ({ bytesPerSecond }) => ({
  deliver: (chunks, exchange) => dripping(chunks, exchange, bytesPerSecond),
})

export const dripRequest: Make<FaultOf<'drip-request'>> = ({ bytesPerSecond }) => ({
  receive: (chunks, exchange) => dripping(chunks, exchange, bytesPerSecond),
})

async function* dripping(
  chunks: AsyncIterable<Uint8Array>,
  exchange: Exchange,
  bytesPerSecond: number,
): AsyncIterable<Uint8Array> {
  const piece = Math.max(1, Math.round((bytesPerSecond * pieceMs) / 1000))
  const wait = (piece / bytesPerSecond) * 1000
  for await (const chunk of chunks) {
    for (let offset = 0; offset < chunk.length; offset += piece) {
      await exchange.pause(wait)
      yield chunk.subarray(offset, offset + piece)
    }
  }
}

export const truncate: Make<FaultOf<'truncate'>> = ({ after }) => ({
  deliver: (chunks, exchange) =>
    actAfter(chunks, after, async () => {
      await exchange.flushed()
      exchange.socket.end()
      throw new PeerGone('the connection was closed early on purpose')
    }),
})

export const lostReply: Make<FaultOf<'lost-reply'>> = () => ({
  answer: (_reply, exchange) => exchange.reset(),
})
