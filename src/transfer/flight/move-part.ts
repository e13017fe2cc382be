import type { PartReceipt, WriteSession } from '../contract/sink'
import type { Attempt } from './attempt'
import { type MeteredBody, meteredBody } from './metered-body'
import type { PartTask } from './part-task'
import type { PartProgress } from './progress'
import { agree } from './receipts'
import type { Run } from './run'
import type { Verifier } from './verify'

/** Moves one part, again and again until the sink holds exactly its bytes. */
export async function movePart(
  run: Run,
  session: WriteSession,
  task: PartTask,
  verifier: Verifier,
): Promise<PartReceipt> {
  const { index, start, size } = task
  const part = { index, start, size }
  const progress = run.progress.part()
  const agreed = await run.request({ operation: 'part', side: 'sink', index }, async (attempt) => {
    const context = run.context(attempt.signal)
    const copied = verifier.mayCopy ? await session.copyPart?.(part, run.source, context) : undefined
    if (copied) {
      progress.add(size)
      return agree(part, {}, copied)
    }
    const body = meterTask(run, task, attempt, progress, verifier)
    const stated: PartReceipt = await session.writePart(part, body, context)
    return agree(part, body.digests(), stated)
  })
  verifier.accept(agreed)
  run.progress.accepted()
  run.emit({ type: 'part', ...part })
  return agreed.receipt
}

/** The body of one attempt at a part. */
export function meterTask(
  run: Run,
  task: PartTask,
  attempt: Attempt,
  progress: PartProgress,
  verifier: Verifier,
): MeteredBody {
  return meteredBody({
    part: task,
    location: run.source.location,
    attempt,
    progress,
    open: () => task.open(attempt),
    createDigester: () => verifier.createDigester(),
  })
}
