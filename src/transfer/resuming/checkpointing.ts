import { randomBytes } from 'node:crypto'
import { TransferError } from '../../contract/errors'
import type { NewObject, PartReceipt, WriteSession } from '../../contract/sink'
import type { ObjectInfo } from '../../contract/source'
import { type Checkpoint, decodeCheckpoint, fingerprint } from '../../resume/checkpoint'
import { CheckpointWriter } from '../../resume/checkpoint-writer'
import { deleteWithin } from '../../resume/delete-checkpoint'
import { storeError } from '../../resume/errors'
import { attempt } from '../attempts/attempt'
import { retrying } from '../attempts/retry'
import { invalid } from '../option-checks'
import type { Run } from '../run'

/** Milliseconds a look at the store, its last save before a commit, or the deletion may take. */
const patience = 2000
/** The same, once the store has left a call without an answer. */
const shortPatience = 500

/** The checkpoint of one transfer under way. Without one among the options, every step does nothing. */
export class Checkpointing {
  readonly #run: Run
  #loaded: Checkpoint | undefined
  #writer: CheckpointWriter | undefined
  #takenOver = false
  #patience = patience

  constructor(run: Run) {
    this.#run = run
  }

  /** What an earlier run has left. A store that cannot be asked costs the chance to resume, not the transfer. */
  async load(info: ObjectInfo): Promise<Checkpoint | undefined> {
    const { checkpoint, retry, timeouts } = this.#run.options
    if (!checkpoint) return undefined
    if (info.size === undefined)
      throw invalid('checkpoint', 'needs a source that states its size: leave it out')
    const { store, id } = checkpoint
    const limits = { signal: this.#run.signal, idle: timeouts.idle, waitingFor: `The checkpoint '${id}'` }
    const load = async () => {
      try {
        return await attempt(limits, () => store.load(id))
      } catch (error) {
        throw storeError(error, 'load', id)
      }
    }
    try {
      const stored = await retrying(retry, this.#run.signal, load, (failure) =>
        this.#run.retried('checkpoint', undefined, failure),
      )
      this.#loaded = decodeCheckpoint(stored)
      return this.#loaded
    } catch (error) {
      this.#run.throwIfStopped()
      this.#failed(error as TransferError)
      return undefined
    }
  }

  /** From here on another run can go on with the session, and one that did so before cannot. */
  async begin(
    { state }: WriteSession,
    { version, size }: ObjectInfo,
    { attributes }: NewObject,
    partSize: number,
    parts: readonly PartReceipt[],
  ): Promise<void> {
    const { options, source, sink } = this.#run
    if (!options.checkpoint) return
    const { store, id } = options.checkpoint
    const initial: Checkpoint = {
      format: 1,
      revision: this.#loaded?.revision ?? 0,
      owner: randomBytes(8).toString('hex'),
      source: { location: source.location, version, ...(size !== undefined && { size }) },
      destination: sink.location,
      attributes: fingerprint(attributes),
      partSize,
      session: state,
      parts,
    }
    this.#writer = new CheckpointWriter(store, id, initial, {
      failed: (error) => this.#failed(error),
      takenOver: () => this.#lose(),
    })
    await this.#unlessStopped(this.#writer.save())
  }

  /** Resolves when the receipt is saved: a worker that waits for it has at most one part that a kill undoes. */
  readonly record = async (receipt: PartReceipt): Promise<void> => {
    if (this.#writer) await this.#unlessStopped(this.#writer.record(receipt))
  }

  /**
   * Before the commit: every part is saved, so a run that is killed after it can be told by its parts; and nobody else
   * has taken up the transfer, which is theirs to commit then.
   */
  async beforeCommit(): Promise<void> {
    if (!this.#writer) return
    await this.#unlessStopped(this.#writer.flush(this.#patience))
    const look = this.#writer.isTakenOver(this.#patience)
    if (await this.#unlessStopped(look)) this.#lose()
    this.#run.throwIfStopped()
  }

  /** Whether another run goes on with the session, which is then none of this one's business. */
  async isTakenOver(milliseconds: number): Promise<boolean> {
    this.#takenOver ||= (await this.#writer?.isTakenOver(milliseconds)) ?? false
    return this.#takenOver
  }

  /** Leaves it for the next run. */
  async keep(milliseconds: number): Promise<void> {
    if (!this.#takenOver) await this.#writer?.close(milliseconds)
  }

  /** The transfer needs it no more. */
  async remove(milliseconds = this.#patience): Promise<void> {
    if (this.#takenOver) return
    if (this.#writer) return this.#writer.finish(milliseconds)
    const { checkpoint } = this.#run.options
    if (!checkpoint) return
    await deleteWithin(milliseconds, checkpoint.store, checkpoint.id, (error) => this.#failed(error))
  }

  /** Its outcome was not known, and is now; another run may have gone on meanwhile. */
  async settled(): Promise<void> {
    if (!(await this.isTakenOver(patience))) await this.remove()
  }

  /** What the store does must not hold up an abort. */
  async #unlessStopped<T>(work: Promise<T>): Promise<T | undefined> {
    const { signal } = this.#run
    if (signal.aborted) return undefined
    let stop = () => {}
    const stopped = new Promise<undefined>((resolve) => {
      stop = () => resolve(undefined)
    })
    signal.addEventListener('abort', stop, { once: true })
    try {
      return await Promise.race([work, stopped])
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  #failed(error: TransferError): void {
    if (error.code === 'TIMEOUT') this.#patience = shortPatience
    this.#run.emit({ type: 'checkpoint', error })
  }

  #lose(): void {
    this.#takenOver = true
    const { location } = this.#run.sink
    const message = `Another run has taken up the transfer to ${location} by its checkpoint, and goes on with it.`
    const context = { location, takenOver: true, checkpoint: this.#run.options.checkpoint?.id }
    this.#run.stop(new TransferError('SESSION_LOST', message, { context }))
  }
}
