import { type Reconcile, TransferError } from '../../contract/errors'
import type { Operation } from '../../contract/events'
import type { Context } from '../../contract/source'
import { retrying } from '../attempts/retry'
import { sleep } from '../attempts/sleep'
import { abandon } from '../clean-up'
import type { TransferResult } from '../result'
import type { Concluded, Landing } from './ending'

/** Milliseconds that asking again takes at most. */
const longest = 60_000
/** Bytes for which it may take a millisecond more: a disk reads the file. */
const bytesPerMillisecond = 50_000
/** Milliseconds after which a put whose reply was lost is taken to be over at the backend. */
const putAtWork = 5000

/** Looks whether the object stands at the destination, by the sink's own judgement and then by ours. */
export async function lookAgain(landing: Landing, signal: AbortSignal): Promise<Concluded | undefined> {
  const { run, pending, ending } = landing
  const found = await ask(landing, 'verify', signal, (context) =>
    run.sink.reconcile!(pending, ending.object, context),
  )
  return found && landing.conclude(found)
}

/** The `reconcile` of an OUTCOME_UNKNOWN; undefined where the sink cannot look. */
export function reconciler(landing: Landing): Reconcile | undefined {
  const { run, session } = landing
  if (!run.sink.reconcile) return undefined
  const ended = performance.now()
  return asking(landing, async (signal) => {
    const found = await lookAgain(landing, signal)
    if (found) {
      if (session) void abandon(run, session)
      return found
    }
    // From here on no request that is still on its way finds anything to commit.
    if (session) await ask(landing, 'abort', signal, (context) => session.abort(context))
    else await sleep(Math.max(0, ended + putAtWork - performance.now()), signal)
    return lookAgain(landing, signal)
  })
}

/** The `reconcile` of a damaged object that could not be taken back: tries that again. */
export function revoker(landing: Landing, revoke: (context: Context) => Promise<void>): Reconcile {
  return asking(landing, async (signal) => {
    await ask(landing, 'abort', signal, revoke)
    return undefined
  })
}

/** May be called again and again, and settles once. */
function asking(landing: Landing, find: (signal: AbortSignal) => Promise<Concluded | undefined>): Reconcile {
  const { ending } = landing
  let settled: { readonly result: TransferResult | undefined } | undefined
  const reconcile: Reconcile = async ({ signal } = {}) => {
    const limit = limited(landing, signal)
    try {
      if (limit.signal.aborted) throw limit.signal.reason
      if (settled) return settled.result
      const found = await find(limit.signal)
      if (!settled) {
        settled = { result: found && ending.result(found) }
        await ending.onSettled?.(found ? 'committed' : 'unchanged')
      }
      return settled.result
    } catch (error) {
      if (signal?.aborted) throw limit.signal.reason
      throw stillUnknown(landing, error, reconcile)
    } finally {
      limit.end()
    }
  }
  return reconcile
}

/** One request, tried as any other, but told to nobody: the transfer has ended. */
function ask<T>(
  { run }: Landing,
  operation: Operation,
  signal: AbortSignal,
  work: (context: Context) => Promise<T>,
): Promise<T> {
  const once = () =>
    run.once({ operation, side: 'sink', signal }, (attempt) =>
      work({ ...run.context(attempt.signal), touch: attempt.touch }),
    )
  return retrying(run.options.retry, signal, once, () => {})
}

function limited({ run, pending }: Landing, signal: AbortSignal | undefined) {
  const controller = new AbortController()
  const { location } = run.sink
  const options = { context: { location } }
  const abort = () => {
    const message = 'Asking how the transfer ended was aborted by its signal.'
    controller.abort(new TransferError('ABORTED', message, { ...options, cause: signal?.reason }))
  }
  const expire = () => {
    const message = `${location} could not be looked at in time. Ask again later.`
    controller.abort(new TransferError('TIMEOUT', message, options))
  }
  const timer = setTimeout(expire, longest + pending.size / bytesPerMillisecond)
  if (signal?.aborted) abort()
  signal?.addEventListener('abort', abort, { once: true })
  return {
    signal: controller.signal,
    end() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    },
  }
}

function stillUnknown({ run, operation }: Landing, cause: unknown, reconcile: Reconcile): TransferError {
  const { location } = run.sink
  return new TransferError(
    'OUTCOME_UNKNOWN',
    `How the ${operation} of ${location} ended still cannot be told: see the cause, and ask again later.`,
    { retry: 'exhausted', context: { location }, cause, reconcile },
  )
}
