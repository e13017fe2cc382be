/**
 * What a server does wrong. Offsets and counts are bytes of the body, `ms` milliseconds. A fault of a body that the
 * request or the reply does not have does nothing.
 */
export type Fault =
  /** Answers with this status and error code, without doing the work. */
  | {
      readonly type: 'status'
      readonly status: number
      /** @default 'InternalError', or 'SlowDown' for 503 */
      readonly code?: string
      readonly message?: string
      /** Such as `{ 'retry-after': '1' }`. */
      readonly headers?: Readonly<Record<string, string>>
    }
  /** RST before a byte of the reply; the work is not done. */
  | { readonly type: 'reset' }
  /** FIN before a byte of the reply; the work is not done. */
  | { readonly type: 'close' }
  /**
   * The server goes away as in a restart: RST on all its connections, and new ones are refused for that long. What it
   * has stored stays, and the work is not done. `behave()` brings it back early. @default ms: Infinity
   */
  | { readonly type: 'outage'; readonly ms?: number }
  /** RST when that much of the request body has arrived. */
  | { readonly type: 'reset-request'; readonly after: number }
  /** FIN when that much of the request body has arrived. */
  | { readonly type: 'close-request'; readonly after: number }
  /** RST when that much of the reply's body has been sent. */
  | { readonly type: 'reset-response'; readonly after: number }
  /** Nothing for that long, then the request is served as usual. @default Infinity */
  | { readonly type: 'stall'; readonly ms?: number }
  /** Stops reading when that much of the request body has arrived. */
  | { readonly type: 'stall-request'; readonly after: number; readonly ms?: number }
  /** Stops sending when that much of the reply's body has been sent; a shorter one is sent whole. */
  | { readonly type: 'stall-response'; readonly after: number; readonly ms?: number }
  /** The request body is read in small pieces at this rate. */
  | { readonly type: 'drip-request'; readonly bytesPerSecond: number }
  /** The reply's body comes in small pieces at this rate. */
  | { readonly type: 'drip'; readonly bytesPerSecond: number }
  /** The full Content-Length is announced, and the connection closed (FIN) after that much of it. */
  | { readonly type: 'truncate'; readonly after: number }
  /** That many bytes fewer are announced and sent: a reply that looks whole. */
  | { readonly type: 'short-length'; readonly bytes: number }
  /** That many bytes more are announced and sent. */
  | { readonly type: 'extra-bytes'; readonly bytes: number }
  /** Flips one byte of the reply's body. @default at: 0 */
  | { readonly type: 'corrupt-response'; readonly at?: number }
  /** Flips one byte of the request body before it is digested: the digests answered are of the damaged bytes. */
  | { readonly type: 'corrupt-request'; readonly at?: number }
  /** Flips one byte after it was digested: the digests answered are right, the bytes stored are not. */
  | { readonly type: 'corrupt-at-rest'; readonly at?: number }
  /** Answers another ETag, in the header and in the XML. What is stored is right. */
  | { readonly type: 'wrong-etag'; readonly etag?: string }
  /** Answers another CRC-64 (COS only). What is stored is right. */
  | { readonly type: 'wrong-crc64'; readonly crc64?: string }
  /** 200 with an `<Error>` for a body. */
  | {
      readonly type: 'error-in-200'
      /** @default 'InternalError' */
      readonly code?: string
      readonly message?: string
      /** Whether the work is done nevertheless. @default false */
      readonly work?: boolean
    }
  /** 200 without headers of its own and without a body. */
  | {
      readonly type: 'empty-200'
      /** Whether the work is done nevertheless. @default false */
      readonly work?: boolean
    }
  /** The work is done, and the connection reset in place of an answer. */
  | { readonly type: 'lost-reply' }
  /** Announces a range that lies this many bytes further on. @default shift: 1 */
  | { readonly type: 'wrong-content-range'; readonly shift?: number }

export type FaultName = Fault['type']
