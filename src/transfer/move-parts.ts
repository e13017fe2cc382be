import type { TransferError } from '../contract/errors'
import type { PartReceipt, WriteSession } from '../contract/sink'
import { retryAfter } from './attempts/retry'
import { movePart } from './flight/move-part'
import type { Moving } from './flight/part-flight'
import { PartSlots } from './flight/part-slots'
import { Stragglers } from './flight/stragglers'
import { limitsOf } from './options'
import type { PartQueue } from './parts/cut-parts'
import type { PartTask } from './parts/part-task'
import { readWhole } from './put-whole'
import type { Run } from './run'
import type { Verifier } from './verify/verifier'

/**
 * Moves the parts, several at a time, and gives their receipts in order. The first failure for good stops all the
 * others, and it rejects only when none of them moves any more. Once `run.draining` fires no other part begins; those
 * in flight go on until they have ended or the run is stopped, and then it rejects with that signal's reason.
 *
 * @param record awaited when a part has been accepted, before its worker takes the next one
 */
export async function moveParts(
  run: Run,
  session: WriteSession,
  parts: PartQueue,
  verifier: Verifier,
  record?: (receipt: PartReceipt) => Promise<void>,
): Promise<PartReceipt[]> {
  const { draining } = run
  const receipts: PartReceipt[] = []
  const workers = Math.min(verifier.concurrency, limitsOf(run.sink.capabilities).maxParts)
  const slots = new PartSlots(workers, (change) => run.emit({ type: 'concurrency', ...change }))
  const moving: Moving = { run, session, verifier, slots }
  const stragglers = new Stragglers(moving)

  const move = async (task: PartTask) => {
    let receipt: PartReceipt | undefined
    try {
      // An empty object has no parts; its source is read all the same, for it may not be as empty as it says.
      if (task.size === 0) await readWhole(run, task)
      else receipt = await movePart(moving, task, stragglers)
    } finally {
      task.release()
    }
    if (!receipt) return
    receipts.push(receipt)
    await record?.(receipt)
  }
  const work = async () => {
    for (let task = await nextPart(parts, draining); task; task = await nextPart(parts, draining)) {
      await move(task)
    }
    stragglers.start()
  }
  const stop = (error: unknown) => {
    // While it drains, what the others have in flight is still worth having.
    if (!draining.aborted) run.stop(error as TransferError)
  }

  run.onPartRetry = ({ error }, began) => {
    if (error.code === 'THROTTLED') slots.throttled(began, retryAfter(error))
  }
  try {
    await Promise.all(Array.from({ length: workers }, () => work().catch(stop)))
  } finally {
    stragglers.end()
    run.onPartRetry = undefined
  }
  draining.throwIfAborted()
  return receipts.sort((a, b) => a.index - b.index)
}

/** The next part, unless the signal fires first: one that comes after that gives back what it holds. */
function nextPart(parts: PartQueue, signal: AbortSignal): Promise<PartTask | undefined> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const giveUp = () => reject(signal.reason)
    signal.addEventListener('abort', giveUp, { once: true })
    parts
      .next()
      .finally(() => signal.removeEventListener('abort', giveUp))
      .then((task) => {
        if (signal.aborted) task?.release()
        resolve(task)
      }, reject)
  })
}
