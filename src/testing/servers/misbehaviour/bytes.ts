import type { Reply } from '../operations/reply'
import type { Make } from './behaviour'
import { flipAt, mapChunks } from './chunks'
import type { FaultOf } from './table'

/** Faults that change bytes, or how many there are, without anybody's noticing on the wire. */

export const corruptResponse: Make<FaultOf<'corrupt-response'>> = ({ at = 0 }) => ({
  deliver: (chunks) => mapChunks(chunks, flipAt(at)),
})

export const corruptRequest: Make<FaultOf<'corrupt-request'>> = ({ at = 0 }) => ({
  receive: (chunks) => mapChunks(chunks, flipAt(at)),
})

export const corruptAtRest: Make<FaultOf<'corrupt-at-rest'>> = ({ at = 0 }) => ({ atRest: flipAt(at) })

export const shortLength: Make<FaultOf<'short-length'>> = ({ bytes }) => ({
  answer: (reply) => resized(reply, -bytes),
})

export const extraBytes: Make<FaultOf<'extra-bytes'>> = ({ bytes }) => ({
  answer: (reply) => resized(reply, bytes),
})

/** The body cut short, or followed by zeros, with the Content-Length to match. */
function resized(reply: Reply, change: number): Reply {
  const { body } = reply
  if (!body) return reply
  const size = Math.max(0, body.size + change)
  async function* chunks(): AsyncIterable<Uint8Array> {
    let left = size
    for await (const chunk of body!.chunks()) {
      if (left > 0) yield chunk.subarray(0, left)
      left -= Math.min(left, chunk.length)
    }
    if (left > 0) yield new Uint8Array(left)
  }
  return { ...reply, body: { ...body, size, chunks } }
}
