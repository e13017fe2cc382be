import { TransferError } from '../../contract/errors'
import { within } from '../../contract/within'
import type { TransferQueue } from './job'
import { lockLost } from './outcome'
import { clientOf, runScript } from './scripts'

/**
 * Milliseconds for which the lock is made to stand when a commit begins: as long as the core waits for its answer with
 * the default timeouts. So nobody else takes up the job while it is under way.
 */
const commitTime = 30_000
/** Milliseconds to wait for Redis before a commit. */
const patience = 5000

/** BullMQ's lock of one job, as this run of it holds it, and what is kept with the job under that lock. */
export class JobLock {
  readonly #queue: TransferQueue
  readonly #jobId: string
  readonly #token: string
  readonly #onLost: (error: TransferError) => void

  /** @param onLost hears that the lock is gone, perhaps more than once */
  constructor(
    queue: TransferQueue,
    jobId: string,
    token: string,
    onLost: (error: TransferError) => void = () => {},
  ) {
    this.#queue = queue
    this.#jobId = jobId
    this.#token = token
    this.#onLost = onLost
  }

  /** To be awaited before all else. @throws UNSUPPORTED where the queue is not in Redis, and has no lock we know */
  async reach(): Promise<void> {
    await clientOf(this.#queue)
  }

  /**
   * To be awaited right before what a run without the lock must not do.
   * @throws SESSION_LOST where it is not held, SINK_FAILED (temporary) where Redis does not say in time
   */
  async confirm(): Promise<void> {
    let held: unknown
    try {
      held = await within(patience, this.#run('sluicewayHold', commitTime), undefined)
    } catch (cause) {
      throw this.#unconfirmed(cause)
    }
    if (held === undefined) throw this.#unconfirmed()
    this.#check(held)
  }

  /** Of a field of the job; also without the lock, of which `onLost` hears then. */
  async load(field: string): Promise<string | undefined> {
    const [held, value] = (await this.#run('sluicewayLoad', field)) as [unknown, string | null]
    if (Number(held) !== 1) this.#lose()
    return value ?? undefined
  }

  /** @throws SESSION_LOST where the lock is not held; nothing is changed then */
  async save(field: string, value: string): Promise<void> {
    this.#check(await this.#run('sluicewaySave', field, value))
  }

  /** @throws SESSION_LOST where the lock is not held; nothing is changed then */
  async delete(field: string): Promise<void> {
    this.#check(await this.#run('sluicewayDelete', field))
  }

  /** Deletes the field of a job that is finished: nobody has its lock. */
  async forget(field: string): Promise<void> {
    await runScript(this.#queue, 'sluicewayForget', this.#jobId, field)
  }

  #run(
    name: 'sluicewayHold' | 'sluicewayLoad' | 'sluicewaySave' | 'sluicewayDelete',
    ...args: (string | number)[]
  ) {
    return runScript(this.#queue, name, this.#jobId, this.#token, ...args)
  }

  #check(held: unknown): void {
    if (Number(held) !== 1) throw this.#lose()
  }

  #lose(): TransferError {
    const error = lockLost(this.#jobId)
    this.#onLost(error)
    return error
  }

  #unconfirmed(cause?: unknown): TransferError {
    const message =
      `Redis did not say whether the lock of job ${this.#jobId} is still held, so nothing is committed. ` +
      'Look at its connection; the next attempt goes on from here.'
    const context = { job: this.#jobId }
    return new TransferError('SINK_FAILED', message, { retry: 'temporary', context, cause })
  }
}
