import type { Progress } from '../../contract/events'
import { within } from '../../contract/within'
import type { TransferJob } from './job'

/** Milliseconds the end of a job waits for its last report. */
const patience = 500

/**
 * Writes the progress of a transfer to its job. One report at a time and not too many: each is an event in the stream
 * of the queue. One that fails is left out.
 */
export class ProgressReports {
  readonly #job: TransferJob
  readonly #interval: number
  #latest: Progress | undefined
  #sending: Promise<void> | undefined
  #sentAt = Number.NEGATIVE_INFINITY

  /** @param interval milliseconds between two reports */
  constructor(job: TransferJob, interval: number) {
    this.#job = job
    this.#interval = interval
  }

  report(progress: Progress): void {
    this.#latest = progress
    if (!this.#sending && performance.now() - this.#sentAt >= this.#interval) this.#send()
  }

  /** Sends what came last, so that a finished job shows all its bytes. */
  async end(): Promise<void> {
    await within(patience, this.#rest(), undefined)
  }

  async #rest(): Promise<void> {
    await this.#sending
    if (this.#latest) this.#send()
    await this.#sending
  }

  #send(): void {
    const progress = this.#latest
    this.#latest = undefined
    this.#sentAt = performance.now()
    const sent = (async () => this.#job.updateProgress(progress as never))()
    this.#sending = sent
      .then(
        () => {},
        () => {},
      )
      .finally(() => {
        this.#sending = undefined
      })
  }
}
