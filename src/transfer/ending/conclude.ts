import { TransferError } from '../../contract/errors'
import type { Committed } from '../../contract/sink'
import type { Attempt } from '../attempts/attempt'
import { toTransferError } from '../attempts/classify'
import { graceful } from '../attempts/graceful'
import { abandon, inBackground, remainingPatience } from '../clean-up'
import type { Concluded, Landing } from './ending'
import { Outstanding } from './outstanding'
import { lookAgain, reconciler, revoker } from './reconcile'

/** Milliseconds a commit may go on after an abort: it is better to learn how it ended than to guess. */
const commitGrace = 3000

/** A backend may take long to join thousands of parts before it answers, so silence counts later than elsewhere. */
const commitPatience = 2

/**
 * Runs the request that makes the object visible. An abort leaves it a moment to end by itself; where its outcome is
 * not learnt, it is looked for; and where that does not tell, the error says so.
 */
export async function conclude(
  landing: Landing,
  work: (attempt: Attempt) => Promise<Committed>,
): Promise<Concluded> {
  const { run, operation } = landing
  run.throwIfStopped()
  const grace = graceful(run.signal, commitGrace)
  const idle = run.options.timeouts.idle * commitPatience
  const outstanding = new Outstanding()
  const watched = async (attempt: Attempt) => {
    outstanding.add(attempt)
    try {
      return await work(attempt)
    } catch (error) {
      outstanding.failed(attempt, toTransferError(error, 'sink', {}))
      throw error
    }
  }
  let committed: Committed
  try {
    committed = await run.request({ operation, side: 'sink', idle, signal: grace.signal }, watched)
  } catch (error) {
    return await settle(landing, outstanding.state, error as TransferError)
  } finally {
    grace.end()
  }
  try {
    return landing.conclude(committed)
  } catch (error) {
    throw await takeBack(landing, committed, error as TransferError)
  }
}

/** The object stands there, and is not the one sent. */
async function takeBack(
  landing: Landing,
  committed: Committed,
  error: TransferError,
): Promise<TransferError> {
  const { run, session, operation } = landing
  const revoke = session?.revoke?.bind(session, committed)
  if (revoke && (await inBackground(run, ({ signal }) => revoke(run.context(signal))))) return error
  return new TransferError(
    'OUTCOME_UNKNOWN',
    `The ${operation} of ${run.sink.location} stored a damaged object, and it is not known to be taken back. ` +
      'Look at it, and transfer again.',
    { context: error.context, cause: error, reconcile: revoke && revoker(landing, revoke) },
  )
}

/** Finds out how a failed commit or put ended, in the time that is left to the transfer. */
async function settle(
  landing: Landing,
  state: Outstanding['state'],
  error: TransferError,
): Promise<Concluded> {
  const { run, session } = landing
  if (error.reconcile || state === 'none' || (state === 'late' && !session)) throw error
  if (!run.sink.reconcile) throw state === 'late' ? error : outcomeUnknown(landing, error)
  // The sink has looked itself.
  if (error.code === 'OUTCOME_UNKNOWN' && error.retry === 'permanent') throw outcomeUnknown(landing, error)
  const outcome = await lookInTime(landing)
  if (outcome === 'unknown') throw outcomeUnknown(landing, error)
  if (outcome === 'unchanged') throw error
  return outcome
}

async function lookInTime(landing: Landing): Promise<Concluded | 'unchanged' | 'unknown'> {
  const { run, session } = landing
  const look = () => lookAgain(landing, AbortSignal.timeout(remainingPatience(run)))
  try {
    const found = await look()
    if (found) {
      // Its upload may stand there still, or a second name of its file.
      if (session) void abandon(run, session)
      return found
    }
    // A put that is still on its way cannot be stopped. A session can; but one that is to be resumed must not be.
    if (!session || run.options.onFailure === 'keep') return 'unknown'
    if (!(await abandon(run, session))) return 'unknown'
    return (await look()) ?? 'unchanged'
  } catch {
    return 'unknown'
  }
}

function outcomeUnknown(landing: Landing, cause: TransferError): TransferError {
  const { run, operation } = landing
  const reconcile = reconciler(landing)
  if (cause.code === 'OUTCOME_UNKNOWN') return cause.with({ reconcile })
  return new TransferError(
    'OUTCOME_UNKNOWN',
    `The reply to the ${operation} of ${run.sink.location} was lost: it may or may not be the new object. ` +
      'Ask error.reconcile() later, compare its size and digest, or transfer it again.',
    { retry: 'exhausted', context: { ...cause.context }, cause, reconcile },
  )
}
