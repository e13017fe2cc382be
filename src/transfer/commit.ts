import { TransferError } from '../contract/errors'
import type { Committed, PartReceipt, WriteSession } from '../contract/sink'
import type { Digests, ObjectInfo } from '../contract/source'
import type { Attempt } from './attempt'
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
  let unknown = false
  const watched = async (attempt: Attempt) => {
    try {
      return await work(attempt)
    } catch (error) {
      unknown = !isSettled(error)
      throw error
    }
  }
  try {
    return await run.request({ operation, side: 'sink', idle, signal: grace.signal }, watched)
  } catch (error) {
    const silent = grace.signal.aborted || (error as TransferError).code === 'TIMEOUT'
    throw unknown || silent ? outcomeUnknown(run, operation, error as TransferError) : error
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
  const { signal } = new AbortController()
  await run
    .once({ operation: 'verify', side: 'sink', signal }, (attempt) =>
      session.revoke!(committed, run.context(attempt.signal)),
    )
    .catch(() => {})
}

/** False where the backend may have done its work: it did not say no, and the adapter could not look. */
function isSettled(error: unknown): boolean {
  if (!TransferError.is(error)) return true
  if (error.context.settled === true) return true
  return !['CONNECTION', 'TIMEOUT', 'ABORTED'].includes(error.code) || neverSent(error)
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
