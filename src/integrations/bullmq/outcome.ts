import { TransferError, type TransferErrorCode } from '../../contract/errors'

/**
 * Failures that no retry of a request cures, but another run does: it starts afresh, from the source as it is then, or
 * has new time.
 */
const curedByAnotherRun: readonly TransferErrorCode[] = [
  'SESSION_LOST',
  'SOURCE_CHANGED',
  'TIMEOUT',
  'NO_SPACE',
  'OUTCOME_UNKNOWN',
]

export const canBeRetried = ({ code, retry }: TransferError): boolean =>
  retry !== 'permanent' || curedByAnotherRun.includes(code)

/** What BullMQ is told of a failure: it retries everything but what is named an UnrecoverableError. */
export function asJobError(error: unknown): unknown {
  return TransferError.is(error) && !canBeRetried(error) ? unrecoverable(error) : error
}

/** BullMQ goes by the name, not by the class alone: only that crosses to and from sandboxes. */
function unrecoverable(error: TransferError): Error {
  return named('UnrecoverableError', error.message, error)
}

/**
 * A job that was moved by its processor is neither completed nor failed. BullMQ before 5.7.12 looks for this in the
 * message.
 */
export const moved = (to: 'WaitingError' | 'DelayedError', cause: TransferError): Error =>
  named(to, to, cause)

function named(name: string, message: string, cause: TransferError): Error {
  const error = new Error(message, { cause })
  error.name = name
  return Object.assign(error, { code: cause.code })
}

export function lockLost(jobId: string, cause?: TransferError): TransferError {
  const message =
    `The lock of job ${jobId} was lost: another worker has the job, or will. This run of it has ended, and has ` +
    'committed nothing. A worker that is blocked or frozen for longer than lockDuration loses its locks.'
  return new TransferError('SESSION_LOST', message, {
    context: { ...cause?.context, job: jobId, lockLost: true },
    cause,
  })
}

export function cancelled(jobId: string, reason: unknown, cause: TransferError): TransferError {
  const why = typeof reason === 'string' && reason !== '' ? `: ${reason}` : ''
  return new TransferError('ABORTED', `Job ${jobId} was cancelled${why}.`, {
    context: { ...cause.context, job: jobId },
    cause,
  })
}
