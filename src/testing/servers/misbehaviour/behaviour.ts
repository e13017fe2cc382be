import type { Exchange } from '../exchange'
import type { Reply } from '../operations/reply'

/** The places of a request's way through the server where a fault can act. One is made for each request. */
export interface Behaviour {
  /** Before anything else. A reply given here is sent in place of the work. */
  before?(exchange: Exchange): Promise<Reply | undefined>
  /** On the request body, before it is digested. */
  receive?(chunks: AsyncIterable<Uint8Array>, exchange: Exchange): AsyncIterable<Uint8Array>
  /** On the request body, between digesting and storing. */
  atRest?(chunk: Uint8Array): Uint8Array
  /** On the reply, when the work is done. */
  answer?(reply: Reply, exchange: Exchange): Reply
  /** On the body of the reply, as it is sent. */
  deliver?(chunks: AsyncIterable<Uint8Array>, exchange: Exchange): AsyncIterable<Uint8Array>
}

export type Make<T> = (fault: T, errorXml: (code: string, message: string) => string) => Behaviour
