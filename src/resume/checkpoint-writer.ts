import type { TransferError } from '../contract/errors'
import type { PartReceipt } from '../contract/sink'
import { within } from '../contract/within'
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoint'
import type { CheckpointStore } from './checkpoint-store'
import { deleteCheckpoint, deleteWithin } from './delete-checkpoint'
import { storeError, storeTimeout } from './errors'
import { Save } from './save'

/** Parts up to which every receipt is saved before it counts as recorded. */
const unspacedParts = 1000
/** The next save of a larger checkpoint waits so many times the last one's duration: saving takes 5 % of the time. */
const spacing = 20
/** Milliseconds after which what the store said of the owner is asked again. */
const stale = 1000
/** Milliseconds after which a transfer no longer waits for a save. */
const saveLimit = 10_000

export interface CheckpointListener {
  /** A load, save or delete failed. */
  failed(error: TransferError): void
  /** Another run has taken up the transfer: nothing is saved or deleted by this one any more. */
  takenOver(): void
}

/**
 * Saves the checkpoint of one transfer as it goes on. Saves run one after the other, so none overtakes a newer one,
 * and each carries all that was recorded until it began.
 *
 * Every save but the first looks who owns the checkpoint: a run that was frozen and thaws beside its successor must not
 * save over what that one has done. Between the look and the save is a moment in which it still could; what it costs
 * is time, as whoever resumes compares the checkpoint with what the sink holds.
 *
 * No method rejects: a store that fails costs the transfer nothing but the chance to be resumed from there. Each
 * failure is told, and the next record tries again.
 */
export class CheckpointWriter {
  readonly #store: CheckpointStore
  readonly #id: string
  readonly #initial: Checkpoint
  readonly #listener: CheckpointListener
  readonly #parts: Map<number, PartReceipt>
  #revision: number
  /** The checkpoint in the store was this run's own once. */
  #taken = false
  /** Something is known that no save carries, or the one that did has failed. */
  #unsaved = true
  #current: Save | undefined
  #next: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  /** By performance.now(). */
  #notBefore = 0
  #ended = false
  #lost = false
  #finishing: Promise<void> | undefined

  /** @param initial the first save has the revision after its */
  constructor(store: CheckpointStore, id: string, initial: Checkpoint, listener: CheckpointListener) {
    this.#store = store
    this.#id = id
    this.#initial = initial
    this.#listener = listener
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
   * Looks whether another run has taken up the transfer. One that cannot be told has not: the sink has the last word.
   */
  async isTakenOver(timeoutMs: number): Promise<boolean> {
    if (!this.#taken) return false
    return within(
      timeoutMs,
      this.#isTakenOver().catch(() => false),
      false,
    )
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
      if (this.#taken && (await this.#isTakenOverNow())) return this.#lose(save)
      const parts = Array.from(this.#parts.values())
      const checkpoint = encodeCheckpoint({ ...this.#initial, revision: ++this.#revision, parts })
      await this.#store.save(this.#id, checkpoint)
      this.#taken = true
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

  /** A checkpoint that is gone or unreadable has no other owner: the next save brings it back. */
  async #isTakenOver(): Promise<boolean> {
    const found = decodeCheckpoint(await this.#store.load(this.#id))
    return found !== undefined && found.owner !== this.#initial.owner
  }

  /** The same, of this moment: a process that was frozen with the answer on its way must not believe it. */
  async #isTakenOverNow(): Promise<boolean> {
    for (;;) {
      const asked = performance.now()
      if (await this.#isTakenOver()) return true
      if (performance.now() - asked < stale) return false
    }
  }

  #lose(save: Save): void {
    this.#current = undefined
    clearTimeout(save.limit)
    save.release()
    this.#lost = true
    this.#end()
    this.#listener.takenOver()
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
    if (this.#lost) return
    const what = [this.#store, this.#id, (error: TransferError) => this.#report(error)] as const
    if (!(await within(timeoutMs, saving, false))) void saving.then(() => deleteCheckpoint(...what))
    await deleteWithin(timeoutMs, ...what)
  }

  #report(error: TransferError): void {
    this.#listener.failed(error)
  }
}
