import { basename, posix } from 'node:path'
import { TransferError } from '../../contract/errors'
import type { Body, Committed, Json, NewObject, Part, PartReceipt, WriteSession } from '../../contract/sink'
import type { Context } from '../../contract/source'
import { BlockPool } from './block-pool'
import { fileError, throwIfAborted } from './errors'
import { keepFolders, madeAbove, removeFolders } from './folders'
import { Interrupt } from './interrupt'
import { publish, seal } from './publish'
import { removeStaged, type StagedFile } from './staged-file'
import { locationOf, type Volume } from './volume'
import { writeBody, writeSize } from './write-body'

/** One staged file: parts are written to their places in it, in any order, and the commit gives it its name. */
export class FileSession implements WriteSession {
  readonly state: Json
  readonly #volume: Volume
  readonly #staged: StagedFile
  readonly #object: NewObject
  readonly #location: string
  readonly #madeFolders: readonly string[]
  readonly #blocks = new BlockPool(writeSize)
  /** Parts that are wholly written. One that is being written again is not among them. */
  readonly #written = new Map<number, Part>()
  /** For each part being written: settles when no attempt of it writes any more. */
  readonly #attempts = new Map<number, Promise<unknown>>()
  readonly #interrupts = new Set<Interrupt>()
  /** Why nothing can be written or committed any more. */
  #lost: TransferError | undefined
  #sealing: Promise<void> | undefined
  #closing: Promise<unknown> | undefined
  #committing: Promise<Committed> | undefined
  #committed: Committed | undefined
  #aborting: Promise<void> | undefined

  constructor(volume: Volume, key: string, staged: StagedFile, object: NewObject) {
    this.#volume = volume
    this.#staged = staged
    this.#object = object
    this.#location = locationOf(volume, key)
    this.#madeFolders = madeAbove(volume, staged.folder)
    this.state = { key, staged: posix.join(posix.dirname(key), basename(staged.path)) }
    volume.openHandles.add(this.#release)
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
    this.#written.delete(part.index)
    const { handle } = this.#staged
    const fail = this.#fail(`write part ${part.index} of`, { part: part.index })
    await writeBody({ handle, part, location: this.#location, blocks: this.#blocks, interrupt, fail }, body)
    this.#written.set(part.index, part)
  }

  commit(receipts: readonly PartReceipt[], { signal }: Context = {}): Promise<Committed> {
    this.#committing ??= this.#commit(receipts, signal).finally(() => {
      this.#committing = undefined
    })
    return this.#committing
  }

  async #commit(receipts: readonly PartReceipt[], signal?: AbortSignal): Promise<Committed> {
    if (this.#committed) return this.#committed
    if (this.#lost) throw this.#lost
    throwIfAborted(signal, this.#location)
    const size = this.#sizeOf(receipts)
    const { createOnly } = this.#object
    try {
      await this.#seal()
      throwIfAborted(signal, this.#location)
      const { version, synced } = await publish(this.#volume, {
        staged: this.#staged,
        location: this.#location,
        size,
        createOnly,
        madeFolders: this.#madeFolders,
      })
      keepFolders(this.#volume, this.#madeFolders)
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
    this.#sealing ??= seal(this.#volume, this.#staged)
      .catch((error: unknown) => {
        this.#lost = this.#fail('store the bytes of')(error).with({ retry: 'permanent' })
        throw this.#lost
      })
      .finally(() => this.#volume.openHandles.delete(this.#release))
    return this.#sealing
  }

  /** The parts, one behind the other, are the object; and each of them is wholly in the file. */
  #sizeOf(receipts: readonly PartReceipt[]): number {
    let size = 0
    const ordered = [...receipts].sort((one, other) => one.index - other.index)
    for (const [index, receipt] of ordered.entries()) {
      const part = this.#written.get(index)
      if (receipt.index !== index || part?.start !== size || part.size !== receipt.size) {
        throw this.#incomplete(`part ${index} is missing or not wholly written`, { part: index })
      }
      size += receipt.size
    }
    const expected = this.#object.size
    if (expected !== undefined && expected !== size) {
      throw this.#incomplete(`its parts have ${size} of ${expected} bytes`, { expected, size })
    }
    return size
  }

  #incomplete(why: string, context: Record<string, unknown>): TransferError {
    return new TransferError('INTEGRITY', `Cannot commit ${this.#location}: ${why}. Write that part again.`, {
      context: { location: this.#location, ...context },
    })
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
    await removeStaged(this.#volume, this.#staged.path, this.#staged.identity)
    await removeFolders(this.#volume, this.#madeFolders)
  }

  /** When the store is closed: the handle is given back, the staged file stays until it is aborted. */
  readonly #release = async (): Promise<void> => {
    await this.#committing?.catch(() => {})
    await this.#stop(this.#gone('ended when its store was closed'))
  }

  async #stop(reason: TransferError): Promise<void> {
    this.#lost ??= reason
    for (const interrupt of this.#interrupts) interrupt.fire(reason)
    await Promise.allSettled(this.#attempts.values())
    this.#volume.openHandles.delete(this.#release)
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
