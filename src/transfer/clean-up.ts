import { TransferError } from '../contract/errors'
import type { WriteSession } from '../contract/sink'
import type { Run } from './run'

/** Milliseconds the caller waits for cleanup: an abort settles within 5 s, a dead backend notwithstanding. */
const patience = 1500
/** Milliseconds after which cleanup that goes on in the background gives up. */
const backgroundLimit = 60_000

/**
 * Aborts the session. What cannot be done in time goes on in the background, bounded, and the error names what may be
 * left behind.
 */
export async function cleanUp(
  run: Run,
  session: WriteSession | undefined,
  error: TransferError,
): Promise<TransferError> {
  run.stop(error)
  // Whether the commit took place is not known: aborting could only destroy the evidence.
  const keep = !session || error.code === 'OUTCOME_UNKNOWN'
  const done = keep ? true : await settledWithin(patience, abandon(run, session))
  const failure =
    done && error.code !== 'OUTCOME_UNKNOWN' ? error : error.with({ context: leftBehind(session) })
  run.emit({ type: 'abort', code: failure.code, error: failure })
  return failure
}

/** Aborts the session with a clock and retries of its own; closing the store awaits it. Never rejects. */
export function abandon(run: Run, session: WriteSession): Promise<boolean> {
  const limit = AbortSignal.timeout(backgroundLimit)
  const work = run
    .request({ operation: 'abort', side: 'sink', signal: limit }, ({ signal }) =>
      session.abort(run.context(signal)),
    )
    .then(
      () => true,
      () => false,
    )
  run.sink.defer?.(work.then(() => {}))
  return work
}

async function settledWithin(milliseconds: number, work: Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** What an operator needs to remove by hand: the upload id, where the session has one. */
function leftBehind(session: WriteSession | undefined): Record<string, unknown> {
  const state = session?.state
  const uploadId =
    typeof state === 'object' && state !== null && 'uploadId' in state ? state.uploadId : undefined
  return uploadId === undefined ? { session: state } : { uploadId }
}

/** The error to reject with: the first cause, not what its stop brought about elsewhere. */
export function firstCause(run: Run, error: unknown): TransferError {
  const { reason } = run.signal
  if (TransferError.is(error) && error.code === 'OUTCOME_UNKNOWN') return error
  if (TransferError.is(reason)) return reason
  if (TransferError.is(error)) return error
  return new TransferError('SINK_FAILED', 'The transfer failed in an unexpected way: see the cause.', {
    cause: error,
  })
}
