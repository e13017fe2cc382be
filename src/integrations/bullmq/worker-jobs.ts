import { shared } from '../../lifecycle/shared'
import type { WorkerCore } from './job'
import type { JobStop } from './job-stop'
import { lockLost } from './outcome'

/** The transfers that one worker of this process runs. */
export interface WorkerJobs {
  readonly running: Map<object, { readonly id: string; readonly stop: JobStop }>
  /** What to do once a job counts as completed. */
  readonly onCompleted: WeakMap<object, () => void>
  /** It is being stopped: jobs that it has fetched meanwhile go back, too. */
  returning: boolean
}

/** One for all copies of this package: a worker may be stopped by another than the one its processor is of. */
const workers = () => shared('bullmq-workers', () => new WeakMap<object, WorkerJobs>())

export function jobsOf(worker: object): WorkerJobs {
  const known = workers().get(worker)
  if (known) return known
  const jobs: WorkerJobs = { running: new Map(), onCompleted: new WeakMap(), returning: false }
  workers().set(worker, jobs)
  listen(worker as WorkerCore, jobs)
  return jobs
}

/** Once for each worker: a listener for each job would have Node warn of a leak. */
function listen(worker: WorkerCore, jobs: WorkerJobs): void {
  if (typeof worker.on !== 'function') return
  // From 5.63.2 on. Before, a run hears of its lock at its next save, and in any case before its commit.
  worker.on('lockRenewalFailed', (jobIds) => {
    for (const { id, stop } of jobs.running.values()) {
      if (jobIds.includes(id)) stop.stop('lock-lost', lockLost(id))
    }
  })
  worker.on('completed', (job) => {
    jobs.onCompleted.get(job)?.()
    jobs.onCompleted.delete(job)
  })
}
