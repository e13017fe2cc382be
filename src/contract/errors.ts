import type { TransferResult } from '../transfer/result'
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
  /**
   * The destination may or may not be new: the reply to the commit was lost and looking did not settle it, or a
   * damaged object could not be taken back (`cause` is INTEGRITY then). `error.reconcile()` asks again.
   */
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
  /** See {@link TransferError.reconcile}. */
  readonly reconcile?: Reconcile
}

/**
 * Asks again how a transfer ended whose outcome could not be told.
 *
 * Resolves with the result where the object stands at the destination. Resolves with `undefined` where it is settled
 * that nothing of this transfer stands there, nor will: its session is aborted first, so a request still on its way
 * finds nothing to commit; after a put, which has no session, it waits until five seconds after the transfer's end.
 *
 * Takes at most a minute, and longer only for a file that must be read: one second more for each 50 MB. May be called
 * again, also at the same time. The store must still be open.
 *
 * @throws OUTCOME_UNKNOWN, with `reconcile`, where it still cannot be told; ABORTED when the signal fires
 */
export type Reconcile = (options?: { readonly signal?: AbortSignal }) => Promise<TransferResult | undefined>

// Shared by every copy of this module, so that `is()` holds across ESM, CJS and duplicate installs.
const brand = Symbol.for('sluiceway.TransferError')

/** The one error of this library. Its message tells what to do; its `cause` is the original. */
export class TransferError extends Error {
  override readonly name = 'TransferError'
  readonly code: TransferErrorCode
  readonly retry: Retryability
  readonly context: Readonly<Record<string, unknown>>
  /** Only on OUTCOME_UNKNOWN of a transfer. */
  declare readonly reconcile?: Reconcile

  constructor(code: TransferErrorCode, message: string, options: TransferErrorOptions = {}) {
    super(cleanText(message), options.cause === undefined ? undefined : { cause: redact(options.cause) })
    this.code = code
    this.retry = options.retry ?? 'permanent'
    this.context = cleanTexts(options.context ?? {})
    Object.defineProperty(this, brand, { value: true })
    // Not enumerable: it is to be called, not to be logged.
    if (options.reconcile) Object.defineProperty(this, 'reconcile', { value: options.reconcile })
  }

  /** True for a TransferError of any copy of this package, whichever module format it was loaded in. */
  static is(error: unknown): error is TransferError {
    return typeof error === 'object' && error !== null && (error as Record<symbol, unknown>)[brand] === true
  }

  /** The same error with more context, another retryability, or a way to ask again. */
  with(change: {
    retry?: Retryability
    context?: Record<string, unknown>
    reconcile?: Reconcile
  }): TransferError {
    const copy = new TransferError(this.code, this.message, {
      retry: change.retry ?? this.retry,
      context: { ...this.context, ...change.context },
      cause: this.cause,
      reconcile: change.reconcile ?? this.reconcile,
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
