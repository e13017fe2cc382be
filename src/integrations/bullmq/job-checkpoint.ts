import type { Json } from '../../contract/sink'
import type { CheckpointStore } from '../../resume/checkpoint-store'
import type { JobLock } from './job-lock'

/**
 * A field of the job's own hash. It is with the job through retries, stalls and returns to the queue, and goes with it,
 * however it is removed; a key beside the job's would outlive it. Neither `data` nor `progress`: those are the
 * application's, and BullMQ replaces them as a whole.
 */
const field = 'sluiceway:checkpoint'

/** The checkpoint of the one transfer that a job makes. Only whoever holds the job's lock can save or delete it. */
export class JobCheckpoint implements CheckpointStore {
  readonly #lock: JobLock
  #unwanted = false

  constructor(lock: JobLock) {
    this.#lock = lock
  }

  load(): Promise<string | undefined> {
    return this.#lock.load(field)
  }

  save(_: string, checkpoint: Json): Promise<void> {
    this.#unwanted = false
    return this.#lock.save(field, JSON.stringify(checkpoint))
  }

  /**
   * Put off until it is known what becomes of the job: a worker that is killed after its commit and before its job
   * counts as completed leaves a checkpoint then, by which the next one finds that all is done.
   */
  async delete(): Promise<void> {
    this.#unwanted = true
  }

  /** The job is to be run again, or has failed. */
  async settle(): Promise<void> {
    if (this.#unwanted) await this.#lock.delete(field)
  }

  /** The job is completed, and its lock gone. */
  async forget(): Promise<void> {
    await this.#lock.forget(field)
  }
}
