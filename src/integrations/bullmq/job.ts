/**
 * A job of BullMQ as its processors get it, as far as it is used: `Job`, or `SandboxedJob` in a processor file. Stated
 * here instead of imported, so that types and code fit whichever release is installed.
 */
// biome-ignore lint/suspicious/noExplicitAny: the data of a job whose type is not stated is anything, as in BullMQ
export interface TransferJob<Data = any> {
  readonly id?: string | undefined
  readonly name: string
  readonly data: Data
  updateProgress(progress: never): Promise<unknown>
  moveToDelayed(timestamp: number, token?: string): Promise<unknown>
  moveToWait?(token?: string): Promise<unknown>
}

/** A `Queue` or `Worker` of BullMQ, as far as its keys are used. Its connection is found behind it. */
export interface TransferQueue {
  readonly name: string
  toKey(type: string): string
}

/** A `Worker` of BullMQ, as far as it is stopped. */
export interface TransferWorker {
  close(): Promise<unknown>
  /** From 5.64 on. */
  cancelAllJobs?(reason?: string): void
}

/** What is used of a worker beside its interface; the same in BullMQ 5 and 6. */
export interface WorkerCore extends TransferQueue {
  on?(event: 'lockRenewalFailed', listener: (jobIds: readonly string[]) => void): unknown
  on?(event: 'completed', listener: (job: object) => void): unknown
}

/** The worker that runs the job; undefined in a sandbox, which is another process. */
export const workerOf = (job: object): WorkerCore | undefined => (job as { queue?: WorkerCore }).queue

/** The reason with which a worker cancels jobs that it gives back. Text, for it crosses to sandboxes. */
export const returnReason = 'sluiceway: the worker is stopping'
