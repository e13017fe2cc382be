import type { TransferError } from '../contract/errors'
import type { PartReceipt, WriteSession } from '../contract/sink'
import type { PartQueue } from './cut-parts'
import { movePart } from './move-part'
import { limitsOf } from './options'
import type { PartTask } from './part-task'
import { readWhole } from './put-whole'
import type { Run } from './run'
import type { Verifier } from './verify'

/**
 * Moves the parts, several at a time, and gives their receipts in order. The first failure for good stops all the
 * others, and it rejects only when none of them moves any more.
 */
export async function moveParts(
  run: Run,
  session: WriteSession,
  parts: PartQueue,
  verifier: Verifier,
): Promise<PartReceipt[]> {
  const receipts: PartReceipt[] = []
  const move = async (task: PartTask) => {
    try {
      // An empty object has no parts; its source is read all the same, for it may not be as empty as it says.
      if (task.size === 0) await readWhole(run, task, verifier)
      else receipts[task.index] = await movePart(run, session, task, verifier)
    } finally {
      task.release()
    }
  }
  const work = async () => {
    for (let task = await parts.next(); task; task = await parts.next()) await move(task)
  }
  const stop = (error: TransferError) => run.stop(error)
  const workers = Math.min(verifier.concurrency, limitsOf(run.sink.capabilities).maxParts)
  await Promise.all(Array.from({ length: workers }, () => work().catch(stop)))
  run.throwIfStopped()
  return receipts
}
