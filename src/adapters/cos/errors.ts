import { TransferError } from '../../contract/errors'
import { abortError } from '../object-store/abort'
import { networkError, tlsError } from '../object-store/network-error'
import { type Meaning, maySayExpired, meaningOf } from './meanings'

/** What was asked of COS, for the meaning and the message of its answer. */
export interface Asked {
  readonly operation: string
  readonly location: string
  readonly uploadId?: string
  readonly partNumber?: number
  /** The request reads an object, so 412 and 416 speak of its version and its size. */
  readonly reads?: boolean
  /** The request must not replace an object, so 409 and 412 say that there is one. */
  readonly createOnly?: boolean
}

/** An answer of COS that is no success. */
export interface Refusal {
  readonly status: number
  /** From the XML; empty where the answer had no body, as that to a HEAD. */
  readonly code: string
  readonly message: string
  readonly requestId?: string
  /** The `Retry-After` header. */
  readonly retryAfter?: string
}

/** The `cause` of the errors below: what COS said, in the words of COS. */
export class CosServiceError extends Error {
  override readonly name = 'CosServiceError'
  readonly code: string
  readonly statusCode: number
  readonly requestId: string | undefined

  constructor({ status, code, message, requestId }: Refusal) {
    super(message || `HTTP ${status}`)
    this.code = code || String(status)
    this.statusCode = status
    this.requestId = requestId
  }
}

/**
 * @param otherKeys tells whether asking for new credentials may help; called for those answers only that can mean
 * that the ones used have expired
 */
export function refusalError(refusal: Refusal, asked: Asked, otherKeys: () => boolean): TransferError {
  const meaning = meaningOf(refusal, asked)
  const expired = meaning.code === 'ACCESS_DENIED' && maySayExpired(refusal)
  const temporary = meaning.temporary || (expired && otherKeys())
  const said = refusal.code || `HTTP ${refusal.status}`
  return new TransferError(
    meaning.code,
    `COS refused the ${asked.operation} of ${asked.location} with ${said}. ${meaning.advice}`,
    {
      retry: temporary ? 'temporary' : 'permanent',
      context: { ...facts(asked), ...factsOf(refusal), ...pause(refusal) },
      cause: new CosServiceError(refusal),
    },
  )
}

/**
 * An attempt that came to no complete answer: aborted, broken by the network, or stopped by its own body, whose
 * error comes out as it is.
 */
export function failureError(error: unknown, asked: Asked, signal: AbortSignal | undefined): TransferError {
  if (signal?.aborted) return abortError(signal, asked.location)
  if (TransferError.is(error)) return error
  const known = networkError(error, asked.location) ?? tlsError(error, asked.location)
  if (known) return known.with({ context: facts(asked) })
  const said = firstLine(messageOf(error))
  const { code, temporary, advice } = unsent(error)
  const message = `The ${asked.operation} of ${asked.location} failed before COS answered: ${said} ${advice}`
  return new TransferError(code, message.trim(), {
    retry: temporary ? 'temporary' : 'permanent',
    context: facts(asked),
    cause: asError(error),
  })
}

/** Errors that are not of the network come from the SDK, which could not sign or did not like a parameter. */
function unsent(error: unknown): Meaning {
  const { code, syscall } = (error ?? {}) as { code?: unknown; syscall?: unknown }
  if (!(error instanceof Error)) {
    const signing = /getAuthorization|getSTS|Secret(Id|Key)/i.test(messageOf(error))
    return signing
      ? {
          code: 'ACCESS_DENIED',
          advice: 'The client could not sign: check its keys or its getAuthorization.',
        }
      : { code: 'UNSUPPORTED', advice: 'The COS SDK refused the call.' }
  }
  if (syscall !== undefined) return { code: 'CONNECTION', temporary: true, advice: 'Check the network.' }
  if (/^ERR_(INVALID|HTTP_INVALID)/.test(String(code)))
    return { code: 'UNSUPPORTED', advice: 'Node cannot send it.' }
  return { code: 'CONNECTION', temporary: true, advice: '' }
}

function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message
  return String((error as { message?: unknown } | null)?.message ?? error)
}

/** An answer that says success and is not one: no ETag, no upload id, half a list. */
export function badReply(problem: string, asked: Asked, cause?: unknown): TransferError {
  return new TransferError(
    'SERVER_ERROR',
    `COS answered the ${asked.operation} of ${asked.location} ${problem}.`,
    {
      retry: 'temporary',
      context: facts(asked),
      cause,
    },
  )
}

function facts({ operation, location, uploadId, partNumber }: Asked): Record<string, unknown> {
  return {
    operation,
    location,
    ...(uploadId !== undefined && { uploadId }),
    ...(partNumber !== undefined && { partNumber }),
  }
}

function factsOf({ status, code, requestId }: Refusal): Record<string, unknown> {
  return { status, ...(code && { reason: code }), ...(requestId && { requestId }) }
}

/** `Retry-After` comes as seconds or as a date. */
function pause({ retryAfter }: Refusal): { retryAfter?: number } {
  if (!retryAfter) return {}
  const milliseconds = /^\d+$/.test(retryAfter)
    ? Number(retryAfter) * 1000
    : Date.parse(retryAfter) - Date.now()
  return Number.isFinite(milliseconds) ? { retryAfter: Math.max(0, milliseconds) } : {}
}

/** The SDK rejects with plain objects, which have no stack and print as `[object Object]`. */
function asError(error: unknown): unknown {
  if (error instanceof Error || typeof error !== 'object' || error === null) return error
  const { message, code } = error as { message?: unknown; code?: unknown }
  return Object.assign(
    new Error(String(message ?? 'The COS SDK failed.')),
    code === undefined ? {} : { code },
  )
}

/** It may quote an address with a signed query. */
const firstLine = (text: string): string => (text.split('\n', 1)[0] ?? '').replace(/\?\S*/g, '?…')
