import type { PartReceipt } from '../../contract/sink'
import type { PartTask } from '../parts/part-task'
import { type Moving, PartFlight } from './part-flight'
import type { Stragglers } from './stragglers'

/** Moves one part, when its turn comes, again and again until the sink holds exactly its bytes. */
export async function movePart(moving: Moving, task: PartTask, stragglers: Stragglers): Promise<PartReceipt> {
  const { run, slots, verifier } = moving
  const { index, start, size } = task
  await slots.enter(run.draining)
  const flight = new PartFlight(moving, task)
  const agreed = await run.inFlight(task, () => stragglers.watchOver(flight))
  verifier.accept(agreed)
  run.progress.accepted()
  run.emit({ type: 'part', index, start, size })
  return agreed.receipt
}
