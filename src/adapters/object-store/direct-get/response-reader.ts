import { parseResponseHead, type ResponseHead } from './response-head'

/** Bytes; that of Node's own client, so that both ways take the same heads. */
const maxHeadSize = 16 * 1024
const headEnd = Buffer.from('\r\n\r\n')
const nothing = new Uint8Array(0)

/** The response cannot be read in the direct way; nothing of its body has been handed out. */
export class InDoubt extends Error {}

/** Tells the head of one response from its body, and knows where it ends. */
export class ResponseReader {
  /** What has come of the head, until it is whole: copied, since heads are small. */
  #received = Buffer.alloc(0)
  #head: ResponseHead | undefined
  #remaining = 0
  #surplus = false
  #failure: Error | undefined

  /** Once it is whole. */
  get head(): ResponseHead | undefined {
    return this.#head
  }

  /** The last byte of the body has come. */
  get complete(): boolean {
    return this.#head !== undefined && this.#remaining === 0
  }

  /** More came than belongs to the response. */
  get surplus(): boolean {
    return this.#surplus
  }

  /** InDoubt, or what {@link ResponseReader.fail} was told first. After the whole response it means nothing. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** @returns those of the bytes that belong to the body */
  receive(bytes: Uint8Array): Uint8Array {
    const rest = this.#head ? bytes : this.#receiveHead(bytes)
    if (!this.#head) return nothing
    const body = rest.subarray(0, this.#remaining)
    this.#surplus ||= body.length < rest.length
    this.#remaining -= body.length
    return body
  }

  fail(error: Error): void {
    this.#failure ??= error
  }

  /** @returns what comes after the head */
  #receiveHead(bytes: Uint8Array): Uint8Array {
    const before = this.#received.length
    const part = bytes.subarray(0, maxHeadSize + headEnd.length - before)
    this.#received = Buffer.concat([this.#received, part])
    const size = this.#received.indexOf(headEnd)
    const head = size < 0 ? undefined : parseResponseHead(this.#received.subarray(0, size))
    if (head) {
      this.#head = head
      this.#remaining = head.contentLength
      return bytes.subarray(size + headEnd.length - before)
    }
    if (size >= 0 || this.#received.length > maxHeadSize) this.fail(new InDoubt('The response is unusual'))
    return nothing
  }
}
