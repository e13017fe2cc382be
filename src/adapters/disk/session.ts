import { TransferError } from '../../contract/errors'
import type { Body, Committed, Json, NewObject, Part, PartReceipt, WriteSession } from '../../contract/sink'
import type { Context } from '../../contract/source'
import { BlockPool } from './block-pool'
import { EarlySync } from './early-sync'
import { fileError, throwIfAborted } from './errors'
import { keepFolders, removeFolders } from './folders'
import { Interrupt } from './interrupt'
import type { Journal } from './journal'
import { Ownership } from './ownership'
import { publish, seal } from './publish'
import { digestOf } from './read-part'
import { removeStaged, type StagedFile } from './staged-file'
import type { StoredParts } from './stored-parts'
import type { Volume } from './volume'
import { writeBody, writeSize } from './write-body'

export interface SessionOptions {
  readonly location: string
  readonly staged: StagedFile
  readonly object: NewObject
  readonly state: Json
  readonly journal: Journal
  readonly parts: StoredParts
  /** Made for this session, deepest first. */
  readonly madeFolders: readonly string[]
  /** The file has its final name already: only tidying up is left. */
  readonly published?: boolean
}

/** One staged file: parts are written to their places in it, in any order, and the commit gives it its name. */
export class FileSession implements WriteSession {
  readonly state: Json
  readonly #volume: Volume
  readonly #options: SessionOptions
  readonly #staged: StagedFile
  readonly #location: string
  readonly #parts: StoredParts
  readonly #ownership: Ownership
  readonly #blocks = new BlockPool(writeSize)
  readonly #early: EarlySync | undefined
  /** For each part being written: settles when no attempt of it writes any more. */
  readonly #attempts = new Map<number, Promise<unknown>>()
  readonly #readings = new Set<Promise<unknown>>()
  readonly #interrupts = new Set<Interrupt>()
  /** Why nothing can be written or committed any more. */
  #lost: TransferError | undefined
  #sealing: Promise<void> | undefined
  #closing: Promise<unknown> | undefined
  #committing: Promise<Committed> | undefined
  #committed: Committed | undefined
  #aborting: Promise<void> | undefined
  #removed = false

  constructor(volume: Volume, options: SessionOptions) {
    this.state = options.state
    this.#volume = volume
    this.#options = options
    this.#staged = options.staged
    this.#location = options.location
    this.#parts = options.parts
    this.#ownership = new Ownership(volume, options.staged, options.location)
    if (volume.fsync) this.#early = new EarlySync(options.staged.handle, (error) => this.#lose(error))
    volume.openHandles.add(this.release)
  }

  async writePart(part: Part, body: Body, { signal }: Context = {}): Promise<PartReceipt> {
    if (this.#lost) throw this.#lost
    if (this.#sealing) throw this.#gone('is being committed')
    const interrupt = new Interrupt(signal, this.#location)
    this.#interrupts.add(interrupt)
    const earlier = this.#attempts.get(part.index)
    const attempt = this.#attempt(part, body, interrupt, earlier)
    const quiet = Promise.allSettled([earlier, attempt])
    this.#attempts.set(part.index, quiet)
    try {
      await attempt
      return { index: part.index, size: part.size }
    } finally {
      interrupt.dispose()
      this.#interrupts.delete(interrupt)
      quiet.then(() => {
        if (this.#attempts.get(part.index) === quiet) this.#attempts.delete(part.index)
      })
    }
  }

  async #attempt(part: Part, body: Body, interrupt: Interrupt, earlier?: Promise<unknown>): Promise<void> {
    // Two attempts of one part would write over each other: the later one waits, while it may itself be ended.
    if (earlier) await interrupt.race(earlier)
    interrupt.check()
    const fail = this.#fail(`write part ${part.index} of`, { part: part.index })
    const shared = {
      ownership: this.#ownership,
      location: this.#location,
      blocks: this.#blocks,
      early: this.#early,
    }
    const { ownership } = shared
    try {
      if (ownership.isDue) await ownership.require()
      await this.#parts.remove(part.index)
      const { handle } = this.#staged
      await writeBody({ ...shared, handle, part, interrupt, fail }, body)
      // An earlier holder would begin a journal that nobody removes.
      if (ownership.isDue) await ownership.require()
      await this.#parts.add(part)
    } catch (error) {
      throw fail(error)
    }
  }

  /** Reads each part back: its receipt says what is in the file, whatever became of it since it was written. */
  async listParts({ signal, touch }: Context = {}): Promise<PartReceipt[]> {
    if (this.#lost) throw this.#lost
    if (this.#sealing) throw this.#gone('is being committed')
    const interrupt = new Interrupt(signal, this.#location)
    this.#interrupts.add(interrupt)
    const { handle } = this.#staged
    const check = () => {
      interrupt.check()
      touch?.()
    }
    const listing = this.#parts.list((part) => digestOf(handle, part, check))
    const settled = listing.catch(() => {})
    this.#readings.add(settled)
    try {
      interrupt.check()
      // A read of a dead network file system may never end.
      return await interrupt.race(listing)
    } catch (error) {
      throw this.#fail('read back the parts of')(error)
    } finally {
      interrupt.dispose()
      this.#interrupts.delete(interrupt)
      settled.then(() => this.#readings.delete(settled))
    }
  }

  commit(receipts: readonly PartReceipt[], context: Context = {}): Promise<Committed> {
    this.#committing ??= this.#commit(receipts, context).finally(() => {
      this.#committing = undefined
    })
    return this.#committing
  }

  async #commit(receipts: readonly PartReceipt[], { signal, touch }: Context): Promise<Committed> {
    if (this.#committed) return this.#committed
    if (this.#lost) throw this.#lost
    throwIfAborted(signal, this.#location)
    const { object, madeFolders, journal } = this.#options
    const { handle } = this.#staged
    const check = () => {
      throwIfAborted(signal, this.#location)
      touch?.()
    }
    try {
      const size = await this.#parts.requireWhole(receipts, object.size, this.#location, (part) =>
        digestOf(handle, part, check),
      )
      await this.#seal()
      throwIfAborted(signal, this.#location)
      const { version, synced } = await publish(this.#volume, {
        staged: this.#staged,
        location: this.#location,
        size,
        createOnly: object.createOnly,
        madeFolders,
      })
      keepFolders(this.#volume, madeFolders)
      // The object is complete: a journal that could not be removed is a leftover, and no reason to fail.
      await journal.remove().catch(() => {})
      this.#committed = { size, version, verified: synced ? ['fsync'] : [] }
      return this.#committed
    } catch (error) {
      const failure = this.#fail('commit')(error)
      // A second fsync of the folder would succeed whatever the first one lost.
      if (failure.code === 'OUTCOME_UNKNOWN' && failure.retry === 'permanent') this.#lost = failure
      throw failure
    }
  }

  /**
   * Once. After a failed fsync the kernel forgets the pages it could not write and the next fsync succeeds: bytes are
   * lost, and the session with them.
   */
  #seal(): Promise<void> {
    this.#sealing ??= seal(this.#volume, this.#staged, this.#early)
      .catch((error: unknown) => {
        throw this.#lose(error)
      })
      .finally(async () => {
        this.#volume.openHandles.delete(this.release)
        await this.#options.journal.close()
      })
    return this.#sealing
  }

  /** Also while parts are being written: each byte more would be moved in vain. */
  #lose(error: unknown): TransferError {
    this.#lost ??= this.#fail('store the bytes of')(error).with({ retry: 'permanent' })
    for (const interrupt of this.#interrupts) interrupt.fire(this.#lost)
    return this.#lost
  }

  abort(): Promise<void> {
    this.#aborting ??= this.#abort().catch((error: unknown) => {
      this.#aborting = undefined
      throw this.#fail('remove the staged file of')(error)
    })
    return this.#aborting
  }

  async #abort(): Promise<void> {
    await this.#committing?.catch(() => {})
    if (this.#committed) return
    await this.#stop(this.#gone('was aborted'))
    // A published file is an object, and one that was taken over is another's, with its journal.
    const ours = await removeStaged(this.#volume, this.#staged.path, this.#staged.identity)
    this.#removed ||= ours
    if (this.#removed || this.#options.published) await this.#options.journal.remove()
    await removeFolders(this.#volume, this.#options.madeFolders)
  }

  /** Ends the session in this process and leaves it to be resumed: handles are given back, the staged file stays. */
  readonly release = async (): Promise<void> => {
    await this.#committing?.catch(() => {})
    await this.#stop(this.#gone('was released, or its store was closed'))
  }

  async #stop(reason: TransferError): Promise<void> {
    this.#lost ??= reason
    for (const interrupt of this.#interrupts) interrupt.fire(reason)
    await Promise.allSettled([...this.#attempts.values(), ...this.#readings])
    await this.#options.journal.close()
    this.#volume.openHandles.delete(this.release)
    // Sealing closes the handle. Otherwise the bytes are not wanted, nor what closing says of them.
    this.#closing ??= this.#sealing ?? this.#staged.handle.close()
    await this.#closing.catch(() => {})
  }

  #gone(how: string): TransferError {
    return new TransferError(
      'SESSION_LOST',
      `The write session of ${this.#location} ${how}. Begin a new one.`,
      {
        context: { location: this.#location, staged: this.#staged.path },
      },
    )
  }

  #fail(operation: string, context: Record<string, unknown> = {}): (error: unknown) => TransferError {
    const facts = { staged: this.#staged.path, ...context }
    return (error) => fileError(error, { side: 'sink', location: this.#location, operation, context: facts })
  }
}
