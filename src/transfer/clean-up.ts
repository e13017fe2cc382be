import { TransferError } from '../contract/errors'
import type { WriteSession } from '../contract/sink'
import type { Attempt } from './attempt'
import type { Run } from './run'

/** Milliseconds the caller waits for a piece of cleanup. */
const patience = 1500
/** Milliseconds after a stop in which all of it must fit: an abort settles within 5 s, a dead backend notwithstanding. */
const wholePatience = 4500
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
  const keep = error.code === 'OUTCOME_UNKNOWN'
  const gone = !session || (!keep && (await abandon(run, session)))
  const failure = gone ? error : error.with({ context: leftBehind(session) })
  run.emit({ type: 'abort', code: failure.code, error: failure })
  return failure
}

/** Aborts the session. @returns false where that was not done in time */
export function abandon(run: Run, session: WriteSession): Promise<boolean> {
  return inBackground(run, ({ signal }) => session.abort(run.context(signal)))
}

/**
 * Cleans up with a clock and retries of its own, and waits for it only so long; closing the store awaits the rest.
 * Never rejects. @returns whether it was done in time
 */
export async function inBackground(run: Run, clean: (attempt: Attempt) => Promise<void>): Promise<boolean> {
  const limit = AbortSignal.timeout(backgroundLimit)
  const work = run.request({ operation: 'abort', side: 'sink', signal: limit }, clean).then(
    () => true,
    () => false,
  )
  try {
    run.sink.defer?.(work.then(() => {}))
  } catch {
    // A sink that cannot be asked to wait is no reason to wait less.
  }
  return settledWithin(Math.max(0, Math.min(patience, wholePatience - run.sinceStop)), work)
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
function leftBehind({ state }: WriteSession): Record<string, unknown> {
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
