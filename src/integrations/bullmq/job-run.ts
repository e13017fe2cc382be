import { TransferError } from '../../contract/errors'
import type { Sink } from '../../contract/sink'
import { within } from '../../contract/within'
import { decodeCheckpoint } from '../../resume/checkpoint'
import { invalid } from '../../transfer/option-checks'
import { fencedSink } from './fenced-sink'
import { returnReason, type TransferJob, type TransferQueue, workerOf } from './job'
import { JobCheckpoint } from './job-checkpoint'
import { JobLock } from './job-lock'
import { JobStop } from './job-stop'
import { canBeRetried, cancelled, lockLost, moved } from './outcome'
import { ProgressReports } from './progress-reports'
import { jobsOf, type WorkerJobs } from './worker-jobs'

/** Milliseconds in which what a cancelled job has sent is to be removed. */
const discardPatience = 3000
/** Milliseconds in which its checkpoint is to be deleted, where that has to be done before the job ends. */
const deletePatience = 2000

/** One run of a job by a worker: what it holds of the job, what stops it, and what becomes of the job at its end. */
export class JobRun {
  /** Of its checkpoint, in messages. */
  readonly name: string
  readonly checkpoint: JobCheckpoint
  readonly #job: TransferJob
  readonly #id: string
  readonly #token: string
  readonly #lock: JobLock
  readonly #stop = new JobStop()
  readonly #jobs: WorkerJobs | undefined
  readonly #letGo: (() => void)[] = []
  #signalled = false
  #sink: Sink | undefined

  constructor(job: TransferJob, token: string | undefined, queue: TransferQueue) {
    if (job.id === undefined || token === undefined) {
      throw invalid('token', 'is missing: give the processor the job and the token with which it was fetched')
    }
    this.#job = job
    this.#id = job.id
    this.#token = token
    this.name = `${queue.name}:${job.id}`
    this.#lock = new JobLock(queue, job.id, token, (error) => this.#stop.stop('lock-lost', error))
    const worker = workerOf(job)
    this.#jobs = worker && jobsOf(worker)
    this.checkpoint = new JobCheckpoint(this.#lock)
  }

  /** Of the transfer. */
  get signal(): AbortSignal {
    return this.#stop.signal
  }

  /** Stops as the signal says, which is BullMQ's or the caller's own. */
  obey(signal: AbortSignal | undefined): void {
    this.#signalled ||= signal !== undefined
    this.#letGo.push(
      this.#stop.follow(signal, (reason) => (reason === returnReason ? 'returned' : 'cancelled')),
    )
  }

  fence(sink: Sink): Sink {
    this.#sink = sink
    return fencedSink(sink, { confirm: () => this.#lock.confirm(), cut: this.#stop.cut })
  }

  reports(interval: number): ProgressReports {
    return new ProgressReports(this.#job, interval)
  }

  /** Does the work as one of the worker's jobs, and puts its end as BullMQ understands it. */
  async settle<T>(work: () => Promise<T>): Promise<T> {
    this.#jobs?.running.set(this, { id: this.#id, stop: this.#stop })
    if (!this.#jobs) this.#letGo.push(this.#endWithParent())
    if (this.#jobs?.returning) this.#stop.stop('returned', returnReason)
    try {
      await this.#lock.reach()
      const result = await work()
      await this.#completed()
      return result
    } catch (error) {
      await within(
        deletePatience,
        this.checkpoint.settle().catch(() => {}),
        undefined,
      )
      throw TransferError.is(error) ? await this.#end(error) : error
    } finally {
      for (const letGo of this.#letGo) letGo()
      this.#jobs?.running.delete(this)
    }
  }

  /**
   * The child process of a worker that was killed lives on. Nobody renews its lock or hears of its end, and the job is
   * about to be another worker's. (A thread dies with its process.)
   */
  #endWithParent(): () => void {
    const end = () => this.#stop.stop('lock-lost', lockLost(this.#id))
    process.once('disconnect', end)
    return () => process.removeListener('disconnect', end)
  }

  /** What is not needed any more, and could not be deleted, goes with the job. */
  async #completed(): Promise<void> {
    const forget = () => this.checkpoint.forget().catch(() => {})
    // In a sandbox nobody tells when the job counts as completed.
    if (this.#jobs) this.#jobs.onCompleted.set(this.#job, () => void forget())
    else await within(deletePatience, this.checkpoint.settle().catch(forget), undefined)
  }

  async #end(error: TransferError): Promise<unknown> {
    // What the sink or the source has refused is the same whoever stopped the job.
    if (error.code !== 'ABORTED' && !canBeRetried(error)) return error
    if (this.#stop.kind === 'cancelled') await this.#discard(error)
    switch (this.#stop.kind) {
      case 'lock-lost':
        return lockLost(this.#id, error)
      case 'cancelled':
        return cancelled(this.#id, this.signal.reason, error)
      case 'returned':
        return this.#giveBack(error)
      default:
        return error
    }
  }

  /**
   * Aborts the session that the checkpoint names, unless another worker may have it: what looks like a cancellation may
   * be what the application makes of a lost lock.
   */
  async #discard({ code }: TransferError): Promise<void> {
    // The session is what tells how it ended.
    if (code === 'OUTCOME_UNKNOWN') return
    const discard = async () => {
      const saved = decodeCheckpoint(await this.checkpoint.load())
      if (!saved || this.#stop.kind === 'lock-lost') return
      await this.#sink?.discard?.(saved.session, { signal: AbortSignal.timeout(discardPatience) })
      await this.checkpoint.delete()
      await this.checkpoint.settle()
    }
    // One that takes longer is left to the rules of the bucket.
    await within(
      discardPatience,
      discard().catch(() => {}),
      undefined,
    )
  }

  /** To the head of the queue. Where BullMQ knows no way there for a job under way, to its delayed ones, due at once. */
  async #giveBack(cause: TransferError): Promise<unknown> {
    const job = this.#job
    // Those releases hand over signals, or have workers that can cancel, which know what a WaitingError is.
    const waits = this.#signalled || 'cancelAllJobs' in (workerOf(job) ?? {})
    if (waits && job.moveToWait) {
      await job.moveToWait(this.#token)
      return moved('WaitingError', cause)
    }
    await job.moveToDelayed(Date.now(), this.#token)
    return moved('DelayedError', cause)
  }
}
