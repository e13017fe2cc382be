import type { Part } from '../../contract/sink'
import type { BodyDigester } from '../../integrity/body-digester'
import type { Attempt } from '../attempts/attempt'
import type { PartProgress } from '../progress'
import type { Run } from '../run'
import { type MeteredBody, meteredBody } from './metered-body'
import type { PartTask } from './part-task'

/** The body of one attempt at a part. */
export function meterTask(
  run: Run,
  task: Part & Pick<PartTask, 'read'>,
  attempt: Attempt,
  progress: PartProgress,
  createDigester: (size: number) => BodyDigester,
): MeteredBody {
  return meteredBody({
    part: task,
    location: run.source.location,
    attempt,
    progress,
    read: () => task.read(attempt),
    createDigester: () => createDigester(task.size),
  })
}
