import { TransferError } from '../contract/errors'
import type { Committed, PartReceipt, WriteSession } from '../contract/sink'
import type { Digests, ObjectInfo } from '../contract/source'
import type { Attempt } from './attempt'
import { toTransferError } from './classify'
import { inBackground } from './clean-up'
import { graceful } from './graceful'
import type { Run } from './run'
import type { Verifier } from './verify'

/** Milliseconds a commit may go on after an abort: it is better to learn how it ended than to guess. */
const commitGrace = 3000

/** A backend may take long to join thousands of parts before it answers, so silence counts later than elsewhere. */
const commitPatience = 2

export interface Concluded {
  readonly committed: Committed
  readonly size: number
  readonly digests: Digests
  readonly parts: number
}

/** Makes the object visible, once delivered, declared and stored bytes agree and the source is what it was. */
export async function commit(
  run: Run,
  session: WriteSession,
  receipts: readonly PartReceipt[],
  info: ObjectInfo,
  verifier: Verifier,
): Promise<Concluded> {
  const size = receipts.reduce((sum, receipt) => sum + receipt.size, 0)
  const digests = verifier.whole()
  verifier.checkSource(digests)
  await checkUnchanged(run, info)
  const committed = await conclude(run, 'commit', ({ signal }) =>
    session.commit(receipts, run.context(signal)),
  )
  try {
    verifier.checkCommitted(size, digests, committed)
  } catch (error) {
    await revoke(run, session, committed)
    throw error
  }
  return { committed, size, digests, parts: receipts.length }
}

/**
 * Runs the request that makes the object visible. An abort leaves it a moment to end by itself; when its outcome
 * cannot be learnt, the error says so.
 */
export async function conclude(
  run: Run,
  operation: 'commit' | 'put',
  work: (attempt: Attempt) => Promise<Committed>,
): Promise<Committed> {
  run.throwIfStopped()
  const grace = graceful(run.signal, commitGrace)
  const idle = run.options.timeouts.idle * commitPatience
  const unanswered = new Set<Attempt>()
  const watched = async (attempt: Attempt) => {
    unanswered.add(attempt)
    try {
      return await work(attempt)
    } catch (error) {
      const verdict = verdictOf(toTransferError(error, 'sink', {}))
      // What comes after the attempt was given up is no answer any more.
      if (attempt.signal.aborted) throw error
      if (verdict === 'looked') unanswered.clear()
      else if (verdict === 'refused') unanswered.delete(attempt)
      throw error
    }
  }
  try {
    return await run.request({ operation, side: 'sink', idle, signal: grace.signal }, watched)
  } catch (error) {
    throw unanswered.size > 0 ? outcomeUnknown(run, operation, error as TransferError) : error
  } finally {
    grace.end()
  }
}

/** Reads pinned to a version prove each part; this proves that they all were of the version that is there now. */
export async function checkUnchanged(run: Run, info: ObjectInfo): Promise<void> {
  if (run.source.sequential || info.size === undefined) return
  const now = await run.request({ operation: 'verify', side: 'source' }, ({ signal }) =>
    run.source.stat(run.context(signal)),
  )
  if (now.version === info.version && now.size === info.size) return
  throw new TransferError(
    'SOURCE_CHANGED',
    `${run.source.location} was replaced while it was read; transfer it again.`,
    { context: { location: run.source.location } },
  )
}

async function revoke(run: Run, session: WriteSession, committed: Committed): Promise<void> {
  if (!session.revoke) return
  await inBackground(run, ({ signal }) => session.revoke!(committed, run.context(signal)))
}

/**
 * What a failed attempt tells of the outcome: `'looked'`, that the destination is unchanged, whatever was sent before;
 * `'refused'`, that this one changed nothing; `'nothing'`, where the backend may have done its work all the same.
 */
function verdictOf(error: TransferError): 'looked' | 'refused' | 'nothing' {
  if (error.context.settled === true) return 'looked'
  // Answers of sinks that settle a lost reply by looking: the object standing there is not the one sent.
  if (['ALREADY_EXISTS', 'SESSION_LOST'].includes(error.code)) return 'looked'
  const lost = ['CONNECTION', 'TIMEOUT', 'ABORTED', 'SERVER_ERROR'].includes(error.code)
  return lost && !neverSent(error) ? 'nothing' : 'refused'
}

/** The connection never stood, so nothing of the request arrived. */
function neverSent({ cause }: TransferError): boolean {
  const code = (cause as { code?: unknown } | undefined)?.code
  return ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'].includes(String(code))
}

function outcomeUnknown(run: Run, operation: string, cause: TransferError): TransferError {
  return new TransferError(
    'OUTCOME_UNKNOWN',
    `The reply to the ${operation} of ${run.sink.location} was lost: it may or may not be the new object. ` +
      'Compare its size and digest, or transfer it again.',
    { retry: 'exhausted', context: { ...cause.context }, cause },
  )
}
