import { TransferError, type TransferErrorCode } from '../contract/errors'
import type { WriteSession } from '../contract/sink'
import { within } from '../contract/within'
import type { Attempt } from './attempts/attempt'
import type { Checkpointing } from './resuming/checkpointing'
import type { Run } from './run'

/** Milliseconds the caller waits for a piece of cleanup. */
const patience = 1500
/** Milliseconds after a stop in which all of it must fit: an abort settles within 5 s, a dead backend notwithstanding. */
const wholePatience = 4500
/** Milliseconds after which cleanup that goes on in the background gives up. */
const backgroundLimit = 60_000

/** Failures after which nothing of the session is of use: what it holds, or is to become, is no longer what is wanted. */
const spoiled: readonly TransferErrorCode[] = ['SOURCE_CHANGED', 'INTEGRITY', 'ALREADY_EXISTS']

/**
 * Aborts the session, or leaves it for the next run where that is wanted. What cannot be done in time goes on in the
 * background, bounded, and the error names what may be left behind.
 */
export async function cleanUp(
  run: Run,
  session: WriteSession | undefined,
  checkpoint: Checkpointing,
  error: TransferError,
): Promise<TransferError> {
  run.stop(error)
  // What an earlier run left, and could not be looked at, is still there for the next one.
  if (!session) return error
  if (await isKept(run, checkpoint, error)) {
    await Promise.all([release(run, session), checkpoint.keep(remainingPatience(run))])
    return error.with({ context: named(run, session) })
  }
  if (await abandon(run, session)) {
    await checkpoint.remove(remainingPatience(run))
    return error
  }
  await checkpoint.keep(remainingPatience(run))
  return error.with({ context: named(run, session) })
}

async function isKept(run: Run, checkpoint: Checkpointing, error: TransferError): Promise<boolean> {
  // Whether the commit took place is not known: aborting could only destroy the evidence.
  if (error.code === 'OUTCOME_UNKNOWN') return true
  if (await checkpoint.isTakenOver(remainingPatience(run))) return true
  return run.options.onFailure === 'keep' && !spoiled.includes(error.code)
}

async function release(run: Run, session: WriteSession): Promise<void> {
  const released = Promise.resolve(session.release?.()).then(
    () => true,
    () => false,
  )
  await within(remainingPatience(run), released, false)
}

/** Aborts the session. @returns false where that was not done in time */
export function abandon(run: Run, session: WriteSession): Promise<boolean> {
  return inBackground(run, ({ signal }) => session.abort(run.context(signal)))
}

/**
 * Cleans up with a clock and retries of its own, and waits for it only so long; closing the store awaits the rest.
 * Never rejects. @returns whether it was done in time
 */
export async function inBackground(
  run: Run,
  clean: (attempt: Attempt) => Promise<void>,
  longest = remainingPatience(run),
): Promise<boolean> {
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
  return within(longest, work, false)
}

/** Milliseconds the caller waits yet for what has to be done at the end. */
export function remainingPatience(run: Run): number {
  return Math.max(0, Math.min(patience, wholePatience - run.sinceStop))
}

/** What the next run goes on with, or an operator removes by hand: the upload id, where the session has one. */
function named(run: Run, { state }: WriteSession): Record<string, unknown> {
  const { checkpoint } = run.options
  const uploadId =
    typeof state === 'object' && state !== null && 'uploadId' in state ? state.uploadId : undefined
  return {
    ...(uploadId === undefined ? { session: state } : { uploadId }),
    ...(checkpoint && { checkpoint: checkpoint.id }),
  }
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
