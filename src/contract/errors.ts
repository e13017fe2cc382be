import { cleanText, redact } from './redact'

/** What went wrong, and so what the caller can do. Compare `error.code`, not classes or messages. */
export type TransferErrorCode =
  /** No such object or bucket. */
  | 'NOT_FOUND'
  /** The credentials are wrong, expired or not allowed to do this. */
  | 'ACCESS_DENIED'
  /** The source is no longer the version the transfer began with. */
  | 'SOURCE_CHANGED'
  /** The source gave fewer bytes than it stated. */
  | 'TRUNCATED'
  /** Bytes or digests differ from what they must be. */
  | 'INTEGRITY'
  /** A peer stayed silent, or the transfer took longer than `timeouts.total`. */
  | 'TIMEOUT'
  /** The connection failed or broke. */
  | 'CONNECTION'
  /** The backend asked for fewer requests. */
  | 'THROTTLED'
  /** The backend answered with an error of its own. */
  | 'SERVER_ERROR'
  /** The write session (the multipart upload) is gone. */
  | 'SESSION_LOST'
  | 'ALREADY_EXISTS'
  | 'INVALID_KEY'
  /** The destination may or may not be new: the reply to the commit was lost and looking did not settle it. */
  | 'OUTCOME_UNKNOWN'
  | 'ABORTED'
  /** The adapter cannot do what was asked. */
  | 'UNSUPPORTED'
  | 'INVALID_OPTION'
  | 'NO_SPACE'
  /** The object is larger than the sink, or this way of sending it, allows. */
  | 'TOO_LARGE'
  /** The source failed in a way of its own: see `cause`. */
  | 'SOURCE_FAILED'
  /** The sink failed in a way of its own: see `cause`. */
  | 'SINK_FAILED'

/** `permanent`: trying again cannot help. `temporary`: it may. `exhausted`: it was tried until the limit. */
export type Retryability = 'permanent' | 'temporary' | 'exhausted'

export interface TransferErrorOptions {
  /** @default 'permanent' */
  readonly retry?: Retryability
  /** Facts for logs: location, operation, part, uploadId, status. No secrets. */
  readonly context?: Readonly<Record<string, unknown>>
  /** The original error. Secrets inside it are removed in place; a live object that shows one, by its class name. */
  readonly cause?: unknown
}

// Shared by every copy of this module, so that `is()` holds across ESM, CJS and duplicate installs.
const brand = Symbol.for('sluiceway.TransferError')

/** The one error of this library. Its message tells what to do; its `cause` is the original. */
export class TransferError extends Error {
  override readonly name = 'TransferError'
  readonly code: TransferErrorCode
  readonly retry: Retryability
  readonly context: Readonly<Record<string, unknown>>

  constructor(code: TransferErrorCode, message: string, options: TransferErrorOptions = {}) {
    super(cleanText(message), options.cause === undefined ? undefined : { cause: redact(options.cause) })
    this.code = code
    this.retry = options.retry ?? 'permanent'
    this.context = cleanTexts(options.context ?? {})
    Object.defineProperty(this, brand, { value: true })
  }

  /** True for a TransferError of any copy of this package, whichever module format it was loaded in. */
  static is(error: unknown): error is TransferError {
    return typeof error === 'object' && error !== null && (error as Record<symbol, unknown>)[brand] === true
  }

  /** The same error with more context, or another retryability. */
  with(change: { retry?: Retryability; context?: Record<string, unknown> }): TransferError {
    const copy = new TransferError(this.code, this.message, {
      retry: change.retry ?? this.retry,
      context: { ...this.context, ...change.context },
      cause: this.cause,
    })
    if (this.stack) copy.stack = this.stack
    return copy
  }

  toJSON(): Record<string, unknown> {
    const { name, code, message, retry, context } = this
    return { name, code, message, retry, context }
  }
}

/** Facts are set by adapters, those of the caller's own too: an address among them may be a signed one. */
function cleanTexts(context: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const clean = ([name, fact]: [string, unknown]) => [name, typeof fact === 'string' ? cleanText(fact) : fact]
  return Object.fromEntries(Object.entries(context).map(clean))
}
