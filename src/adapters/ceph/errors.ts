import { TransferError, type TransferErrorCode } from '../../contract/errors'
import { abortError } from '../object-store/abort'
import { networkError, tlsError } from '../object-store/network-error'

/** What was being done, where that decides what an answer means. */
export type Access = 'read' | 'write' | 'create' | 'upload'

export interface Failure {
  readonly location: string
  readonly operation: string
  /** `'create'`: a write that must not replace. `'upload'`: a request within a multipart upload. */
  readonly access: Access
  readonly signal?: AbortSignal
  readonly uploadId?: string
  /** To be called when the credentials may have expired; true where another attempt will have others. */
  readonly renewCredentials?: () => boolean
}

interface Rule {
  readonly code: TransferErrorCode
  readonly temporary?: boolean
  readonly advice: string
}

const denied = (advice: string): Rule => ({ code: 'ACCESS_DENIED', advice })
const damaged: Rule = { code: 'INTEGRITY', temporary: true, advice: 'The body was damaged on its way.' }
const slowDown: Rule = { code: 'THROTTLED', temporary: true, advice: 'Lower the concurrency.' }
const sessionLost: Rule = { code: 'SESSION_LOST', advice: 'The upload is gone: begin a new one.' }

const rules: Readonly<Record<string, Rule>> = {
  NoSuchKey: { code: 'NOT_FOUND', advice: 'Check the key.' },
  NoSuchVersion: { code: 'NOT_FOUND', advice: 'Check the version.' },
  NotFound: { code: 'NOT_FOUND', advice: 'Check the bucket and the key.' },
  NoSuchBucket: { code: 'NOT_FOUND', advice: 'Check the bucket.' },
  NoSuchUpload: sessionLost,
  AccessDenied: denied('Check what the credentials are allowed to do.'),
  InvalidAccessKeyId: denied('Check the credentials.'),
  SignatureDoesNotMatch: denied('Check the secret key.'),
  RequestTimeTooSkewed: denied('Set the clock of this machine: it differs from that of the gateway.'),
  QuotaExceeded: { code: 'NO_SPACE', advice: 'Raise the quota or delete something.' },
  InsufficientCapacity: { code: 'NO_SPACE', advice: 'The cluster is full.' },
  EntityTooLarge: { code: 'TOO_LARGE', advice: 'Check limits.maxPartSize and the settings of the gateway.' },
  EntityTooSmall: {
    code: 'INVALID_OPTION',
    advice: 'A part is smaller than the gateway allows: set limits.minPartSize.',
  },
  BadDigest: damaged,
  XAmzContentSHA256Mismatch: damaged,
  InvalidPart: { code: 'INTEGRITY', advice: 'A part of the upload is not the one that was sent.' },
  InvalidPartOrder: { code: 'INTEGRITY', advice: 'The parts of the upload are out of order.' },
  IncompleteBody: { code: 'CONNECTION', temporary: true, advice: 'The body did not arrive whole.' },
  RequestTimeout: { code: 'TIMEOUT', temporary: true, advice: 'The gateway waited too long for the body.' },
  SlowDown: slowDown,
  ServiceUnavailable: slowDown,
  Throttling: slowDown,
  TooManyRequests: slowDown,
  // By name, since the SDK turns an error in an answer with status 200 into one with status 503.
  InternalError: { code: 'SERVER_ERROR', temporary: true, advice: 'The gateway has trouble of its own.' },
  ConditionalRequestConflict: {
    code: 'SERVER_ERROR',
    temporary: true,
    advice: 'Another request is writing the key.',
  },
  InvalidRange: { code: 'TRUNCATED', advice: 'The object is shorter than it was said to be.' },
  NotImplemented: { code: 'UNSUPPORTED', advice: 'The gateway cannot do this.' },
}

/** Said of credentials past their time, and of tokens the gateway does not know any more. */
const expired = new Set(['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired'])

/** The TransferError for whatever a request through the SDK has thrown. */
export function cephError(error: unknown, failure: Failure): TransferError {
  if (failure.signal?.aborted) return abortError(failure.signal, failure.location)
  const answer = answerOf(error)
  // Only without an answer is the network at fault: a `TimeoutError` may be either.
  if (answer.status !== undefined) return explained(error, answer, failure)
  const { location } = failure
  return networkError(error, location) ?? tlsError(error, location) ?? unexplained(error, failure)
}

interface Answer {
  readonly name: string
  readonly status?: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly clockCorrected: boolean
}

/** Takes what is needed from the error, and from the error what reaches the socket and with it the signed request. */
function answerOf(error: unknown): Answer {
  const { name, Code, $metadata, $response } = (typeof error === 'object' && error !== null ? error : {}) as {
    name?: unknown
    Code?: unknown
    $metadata?: { httpStatusCode?: number; clockSkewCorrected?: boolean }
    $response?: { headers?: Record<string, string>; statusCode?: number; body?: unknown }
  }
  // The SDK makes `$response` a property that cannot be taken off the error.
  if ($response) $response.body = undefined
  return {
    name: String(Code ?? name ?? ''),
    status: $metadata?.httpStatusCode ?? $response?.statusCode,
    headers: $response?.headers ?? {},
    clockCorrected: $metadata?.clockSkewCorrected === true,
  }
}

function explained(error: unknown, answer: Answer, failure: Failure): TransferError {
  const rule = ruleFor(answer, failure)
  const { location, operation, uploadId } = failure
  const retryAfter = rule.temporary ? retryAfterOf(answer.headers['retry-after']) : undefined
  const message = `${operation} of ${location} was answered with ${answer.status} ${answer.name}. ${rule.advice}`
  return new TransferError(rule.code, message, {
    retry: rule.temporary ? 'temporary' : 'permanent',
    context: {
      location,
      operation,
      status: answer.status,
      reason: answer.name,
      requestId: answer.headers['x-amz-request-id'],
      ...(uploadId && { uploadId }),
      ...(retryAfter !== undefined && { retryAfter }),
    },
    cause: error,
  })
}

function ruleFor(answer: Answer, failure: Failure): Rule {
  const { name, status = 0 } = answer
  if (expired.has(name)) return expiry(failure)
  const rule = rules[name] ?? byStatus(status, failure)
  // Ceph says NoSuchKey where the upload is gone (seen on 16.2: ListParts).
  if (rule.code === 'NOT_FOUND' && failure.access === 'upload' && name !== 'NoSuchBucket') return sessionLost
  // The answer to a HEAD has no body, and so does not say that it is about an expired token.
  if (status === 403 && !rules[name] && failure.renewCredentials?.()) return { ...rule, temporary: true }
  // The SDK has taken over the gateway's clock: the next attempt is signed with it.
  return answer.clockCorrected ? { ...rule, temporary: true } : rule
}

function expiry(failure: Failure): Rule {
  const temporary = failure.renewCredentials?.() ?? false
  const advice = temporary
    ? 'The credentials have expired; new ones will be asked for.'
    : 'The credentials have expired. Give a function as `credentials` that returns fresh ones.'
  return { code: 'ACCESS_DENIED', temporary, advice }
}

function byStatus(status: number, { access }: Failure): Rule {
  if (status === 401 || status === 403)
    return denied('Check the credentials and what they are allowed to do.')
  if (status === 404) return rules.NotFound!
  if (status === 408) return rules.RequestTimeout!
  if (status === 412) return precondition(access)
  if (status === 413) return rules.EntityTooLarge!
  if (status === 416) return rules.InvalidRange!
  if (status === 429 || status === 503) return slowDown
  if (status === 501) return rules.NotImplemented!
  if (status >= 500)
    return { code: 'SERVER_ERROR', temporary: true, advice: 'The gateway has trouble of its own.' }
  if (status < 400)
    return { code: 'SERVER_ERROR', temporary: true, advice: 'The answer cannot be understood.' }
  return { code: access === 'read' ? 'SOURCE_FAILED' : 'SINK_FAILED', advice: 'See the cause.' }
}

function precondition(access: Access): Rule {
  if (access === 'read')
    return { code: 'SOURCE_CHANGED', advice: 'The object is no longer the version it was.' }
  return { code: 'ALREADY_EXISTS', advice: "The object exists, and ifExists is 'fail'." }
}

/** Milliseconds, from seconds or from a date. */
function retryAfterOf(header: string | undefined): number | undefined {
  if (!header) return undefined
  const seconds = Number(header)
  const ms = Number.isNaN(seconds) ? Date.parse(header) - Date.now() : seconds * 1000
  return Number.isFinite(ms) ? Math.max(0, Math.round(ms)) : undefined
}

function unexplained(error: unknown, { location, operation, access }: Failure): TransferError {
  const message = `${operation} of ${location} failed before there was an answer. See the cause.`
  const code = access === 'read' ? 'SOURCE_FAILED' : 'SINK_FAILED'
  return new TransferError(code, message, { context: { location, operation }, cause: error })
}
