import type { Progress } from '../../contract/events'
import type { Sink } from '../../contract/sink'
import type { Source } from '../../contract/source'
import { lifecycle as defaultLifecycle } from '../../lifecycle/default-lifecycle'
import { checkLifecycle } from '../../lifecycle/internals'
import type { Lifecycle } from '../../lifecycle/lifecycle'
import { callback, checkShape, fields, integer, invalid } from '../../transfer/option-checks'
import { maxTimer, type TransferOptions } from '../../transfer/options'
import type { TransferResult } from '../../transfer/result'
import { transfer } from '../../transfer/transfer'
import { type TransferJob, type TransferQueue, workerOf } from './job'
import { JobRun } from './job-run'
import { asJobError } from './outcome'

/** What a job is to move. The checkpoint is kept with the job; `onProgress` is called beside the job's progress. */
export interface JobTransfer {
  readonly source: Source
  readonly sink: Sink
  readonly options?: Omit<TransferOptions, 'checkpoint'>
}

export interface TransferProcessorOptions<Job extends TransferJob = TransferJob> {
  /** Says what the job is to move. What it throws fails the job as it is. */
  readonly transfer: (job: Job) => JobTransfer | PromiseLike<JobTransfer>
  /** Whose `onTaskStart` and `onTaskEnd` are around each job, and whose connections are used. @default the default one */
  readonly lifecycle?: Lifecycle
  /** Milliseconds that parts in flight have to arrive when the worker stops, 0 to 4000. @default 1000 */
  readonly grace?: number
  /** Milliseconds between two reports of progress to the job. @default 1000 */
  readonly progressInterval?: number
  /**
   * Only in the file of a sandboxed processor, which has no connection to Redis of its own: a `Queue` of the same name
   * and prefix, or a function that gives it.
   * @default that of the worker
   */
  readonly queue?: TransferQueue | (() => TransferQueue)
}

/** Fits `new Worker(name, processor)`, and the default export of a processor file. */
export type TransferProcessor<Job extends TransferJob = TransferJob> = (
  job: Job,
  token?: string,
  signal?: AbortSignal,
) => Promise<TransferResult>

/**
 * A processor for BullMQ that moves one object for each job, with the hooks of the lifecycle around it.
 *
 * The checkpoint is kept with the job, so whichever worker gets it next goes on: after a kill, a stall, a failed
 * attempt or {@link returnJobs}. A run that has lost the job's lock stops at once and commits nothing. A job that is
 * cancelled fails for good, and what it has sent is removed. A permanent TransferError fails the job for good, too, as
 * an `UnrecoverableError` whose `cause` it is; others are retried as the job's `attempts` allow.
 *
 * @throws INVALID_OPTION naming the option
 * @example
 * new Worker('transfers', transferProcessor({
 *   transfer: ({ data }) => ({ source: staging.source(data.key), sink: archive.sink(data.key) }),
 * }), { connection })
 */
export function transferProcessor<Job extends TransferJob = TransferJob>(
  options: TransferProcessorOptions<Job>,
): TransferProcessor<Job> {
  const settings = check(options)
  // BullMQ counts the parameters: it hands over a signal only where there are three without a default.
  return async (job, token, signal) => {
    try {
      const run = new JobRun(job, token, queueFor(job, settings.queue))
      const work = () => moveFor(job, run, settings, signal)
      return await run.settle(() => (settings.lifecycle ?? defaultLifecycle).withTask(work))
    } catch (error) {
      throw asJobError(error)
    }
  }
}

type Settings<Job extends TransferJob> = TransferProcessorOptions<Job> & {
  readonly grace: number
  readonly progressInterval: number
}

async function moveFor<Job extends TransferJob>(
  job: Job,
  run: JobRun,
  { transfer: plan, lifecycle, grace, progressInterval }: Settings<Job>,
  signal: AbortSignal | undefined,
): Promise<TransferResult> {
  run.obey(signal)
  const { source, sink, options = {} } = fields('transfer', await plan(job), ['source', 'sink', 'options'])
  if ('checkpoint' in options) throw invalid('checkpoint', 'is kept with the job: leave it out')
  checkShape('sink', sink, ['begin'])
  run.obey(options.signal)
  const progress = run.reports(progressInterval)
  const result = await transfer(source, run.fence(sink), {
    ...(lifecycle && { lifecycle }),
    ...options,
    checkpoint: { store: run.checkpoint, id: run.name, grace },
    signal: run.signal,
    onProgress(now: Progress) {
      progress.report(now)
      options.onProgress?.(now)
    },
  })
  await progress.end()
  return result
}

function queueFor(job: TransferJob, given: TransferQueue | (() => TransferQueue) | undefined): TransferQueue {
  const queue = (typeof given === 'function' ? given() : given) ?? workerOf(job)
  if (typeof queue?.toKey === 'function') return queue
  throw invalid('queue', 'is needed in a sandboxed processor: give new Queue(name, { connection })')
}

function check<Job extends TransferJob>(options: TransferProcessorOptions<Job>): Settings<Job> {
  const known = ['transfer', 'lifecycle', 'grace', 'progressInterval', 'queue'] as const
  const { lifecycle, grace = 1000, progressInterval = 1000 } = fields('options', options, known)
  if (typeof options.transfer !== 'function') throw invalid('transfer', 'must be a function of the job')
  callback('queue', typeof options.queue === 'object' ? undefined : options.queue)
  checkLifecycle(lifecycle, invalid)
  return {
    ...options,
    grace: integer('grace', grace, 0, 4000),
    progressInterval: integer('progressInterval', progressInterval, 0, maxTimer),
  }
}
