import type { TransferError } from '../contract/errors'
import type { PartReceipt } from '../contract/sink'
import { type Checkpoint, encodeCheckpoint } from './checkpoint'
import type { CheckpointStore } from './checkpoint-store'
import { storeError, storeTimeout } from './errors'
import { Save } from './save'
import { within } from './within'

/** Parts up to which every receipt is saved before it counts as recorded. */
const unspacedParts = 1000
/** The next save of a larger checkpoint waits so many times the last one's duration: saving takes 5 % of the time. */
const spacing = 20
/** Milliseconds after which a transfer no longer waits for a save. */
const saveLimit = 10_000

/**
 * Saves the checkpoint of one transfer as it goes on. Saves run one after the other, so none overtakes a newer one,
 * and each carries all that was recorded until it began.
 *
 * No method rejects: a store that fails costs the transfer nothing but the chance to be resumed from there. Each
 * failure goes to `onError`, and the next record tries again.
 */
export class CheckpointWriter {
  readonly #store: CheckpointStore
  readonly #id: string
  readonly #initial: Checkpoint
  readonly #onError: ((error: TransferError) => void) | undefined
  readonly #parts: Map<number, PartReceipt>
  #revision: number
  /** Something is known that no save carries, or the one that did has failed. */
  #unsaved = true
  #current: Save | undefined
  #next: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  /** By performance.now(). */
  #notBefore = 0
  #ended = false
  #finishing: Promise<void> | undefined

  /** @param initial the first save has the revision after its */
  constructor(
    store: CheckpointStore,
    id: string,
    initial: Checkpoint,
    onError?: (error: TransferError) => void,
  ) {
    this.#store = store
    this.#id = id
    this.#initial = initial
    this.#onError = onError
    this.#revision = initial.revision
    this.#parts = new Map(initial.parts.map((receipt) => [receipt.index, receipt]))
  }

  /** Saves what is there, such as a session without parts: a process killed right after leaves a session with a name. */
  save(): Promise<void> {
    this.#unsaved = true
    return this.#request()
  }

  /**
   * Resolves when a save that holds the receipt has ended, well or not, or has taken 10 s; at once where there are more
   * than 1,000 parts and the last save was a short while ago: the receipt is then part of a later save.
   */
  record(receipt: PartReceipt): Promise<void> {
    this.#parts.set(receipt.index, receipt)
    return this.save()
  }

  /**
   * Saves what is not saved yet, without waiting for its turn.
   * @returns whether everything recorded is saved; false, too, when the time was up
   */
  async flush(timeoutMs: number): Promise<boolean> {
    const saved = await within(timeoutMs, this.#drain(), undefined)
    if (saved !== undefined) return saved
    if (this.#current) this.#giveUp(this.#current, timeoutMs)
    return false
  }

  /**
   * Keeps the checkpoint for whoever resumes: flushes, and no save begins afterwards, which could undo one of theirs.
   * @returns whether everything recorded is saved
   */
  async close(timeoutMs: number): Promise<boolean> {
    const saved = await this.flush(timeoutMs)
    this.#end()
    return saved
  }

  /**
   * Deletes the checkpoint; nothing is saved afterwards. Awaits a save under way first, which would bring it back, each
   * of the two for at most `timeoutMs`. A save that lands later still is followed by another deletion.
   */
  finish(timeoutMs = 5000): Promise<void> {
    this.#finishing ??= this.#finish(timeoutMs)
    return this.#finishing
  }

  #request(): Promise<void> {
    const current = this.#current
    if (this.#ended || current?.late) return Promise.resolve()
    if (current) {
      this.#next ??= current.released.then(() => {
        this.#next = undefined
        return this.#request()
      })
      return this.#next
    }
    if (!this.#unsaved) return Promise.resolve()
    const wait = this.#parts.size > unspacedParts ? this.#notBefore - performance.now() : 0
    if (wait <= 0) return this.#begin().released
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      void this.#request()
    }, wait).unref()
    return Promise.resolve()
  }

  #begin(): Save {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#unsaved = false
    const save = new Save()
    this.#current = save
    save.limit = setTimeout(() => this.#giveUp(save, saveLimit), saveLimit)
    save.done = this.#run(save)
    return save
  }

  async #run(save: Save): Promise<void> {
    const began = performance.now()
    try {
      const parts = Array.from(this.#parts.values())
      const checkpoint = encodeCheckpoint({ ...this.#initial, revision: ++this.#revision, parts })
      await this.#store.save(this.#id, checkpoint)
    } catch (error) {
      this.#unsaved = true
      if (!save.late && !this.#ended) this.#report(storeError(error, 'save', this.#id))
    }
    const ended = performance.now()
    this.#notBefore = ended + spacing * (ended - began)
    this.#current = undefined
    clearTimeout(save.limit)
    save.release()
    // Nobody waited for it: what was recorded meanwhile has no other to carry it.
    if (save.late) void this.#request()
  }

  /** Stops waiting for a save. It stays the current one: another beside it could be overtaken by it. */
  #giveUp(save: Save, waitedMs: number): void {
    if (save.late || this.#ended) return
    save.late = true
    clearTimeout(save.limit)
    this.#report(storeTimeout('save', this.#id, waitedMs))
    save.release()
  }

  async #drain(): Promise<boolean> {
    await this.#current?.done
    // Unless the save that waited for that one has begun already.
    if (!this.#current && this.#unsaved && !this.#ended) this.#begin()
    await this.#current?.done
    return !this.#unsaved
  }

  #end(): void {
    this.#ended = true
    clearTimeout(this.#timer)
    clearTimeout(this.#current?.limit)
    this.#current?.release()
  }

  async #finish(timeoutMs: number): Promise<void> {
    const saving = (this.#current?.done ?? Promise.resolve()).then(() => true)
    this.#end()
    if (!(await within(timeoutMs, saving, false))) void saving.then(() => this.#delete())
    if (await within(timeoutMs, this.#delete(), false)) return
    this.#report(storeTimeout('delete', this.#id, timeoutMs))
  }

  async #delete(): Promise<true> {
    try {
      await this.#store.delete(this.#id)
    } catch (error) {
      this.#report(storeError(error, 'delete', this.#id))
    }
    return true
  }

  #report(error: TransferError): void {
    try {
      this.#onError?.(error)
    } catch {
      // What a listener throws is no failure of the transfer, and would leave a promise rejected here.
    }
  }
}
