import { returnReason, type TransferWorker } from './job'
import { jobsOf } from './worker-jobs'

/** Milliseconds between two looks for jobs that the worker had fetched when it was told to stop. */
const interval = 50

/**
 * Stops a worker, for a deploy: its transfers stop, their jobs go back to the head of the queue without having used up
 * an attempt, and the worker is closed. Parts in flight have the processor's `grace` to arrive; nothing that has arrived
 * is sent again by the worker that goes on. A commit under way is waited for, at most 3 s.
 *
 * Other jobs of the same worker are waited for, as `worker.close()` does. Jobs of sandboxed processors are told by
 * BullMQ's cancellation, from 5.70 on.
 *
 * @example
 * process.once('SIGTERM', () => returnJobs(worker))
 */
export async function returnJobs(worker: TransferWorker): Promise<void> {
  const jobs = jobsOf(worker)
  jobs.returning = true
  // First: a worker that is not closing would take the jobs up again.
  const closed = worker.close()
  const stop = () => {
    for (const { stop } of jobs.running.values()) stop.stop('returned', returnReason)
    // A sandbox is another process, and knows no more than this reason.
    if ('childPool' in worker) worker.cancelAllJobs?.(returnReason)
  }
  stop()
  const timer = setInterval(stop, interval)
  try {
    await closed
  } finally {
    clearInterval(timer)
  }
}
