import { TransferError } from '../../contract/errors'
import type { Listener, Md5Thread } from './md5-thread'
import type { BlockPair, FromThread } from './thread-code'

/**
 * The MD5 of some bytes, computed on a thread. Chunks are copied, so a borrowed one is free as soon as it has been
 * taken; while both blocks are on the thread, whoever brings more has to wait.
 */
export class ThreadedMd5 implements Listener {
  readonly #id: number
  readonly #thread: Md5Thread
  readonly #blocks: BlockPair
  readonly #giveBack: (blocks: BlockPair | undefined) => void
  readonly #reading: [boolean, boolean] = [false, false]
  #filling: 0 | 1 = 0
  #filled = 0
  #over = false
  #failure: unknown
  #md5: string | undefined
  #waiting: { resolve(): void; reject(error: unknown): void } | undefined

  /** @param giveBack called once, with the blocks where nobody reads them any more */
  constructor(
    id: number,
    thread: Md5Thread,
    blocks: BlockPair,
    giveBack: (blocks: BlockPair | undefined) => void,
  ) {
    this.#id = id
    this.#thread = thread
    this.#blocks = blocks
    this.#giveBack = giveBack
    thread.listeners.set(id, this)
    thread.post({ id, blocks })
  }

  /** Undefined where the chunk has been taken at once. One at a time. @throws INTEGRITY, temporary: the thread died */
  update(chunk: Uint8Array): Promise<void> | undefined {
    const taken = this.#take(chunk)
    return taken < chunk.byteLength ? this.#takeRest(chunk.subarray(taken)) : undefined
  }

  /** In hex, of all the bytes; then it is over. @throws INTEGRITY, temporary: the thread died */
  async digest(): Promise<string> {
    this.#throwIfOver()
    this.#send()
    this.#thread.post({ id: this.#id, over: 'digest' })
    while (this.#md5 === undefined) await this.#change()
    return this.#md5
  }

  /** The digest is not wanted any more: whoever waits gets an error. Afterwards, and twice, it does nothing. */
  drop(): void {
    if (this.#over) return
    this.#thread.post({ id: this.#id, over: 'drop' })
    this.#end(new Error('The digest is not wanted any more'))
  }

  answered(answer: FromThread): void {
    if ('md5' in answer) this.#md5 = answer.md5
    else this.#reading[answer.block] = false
    this.#waiting?.resolve()
    if (this.#md5 !== undefined) this.#end()
  }

  died(cause: Error): void {
    const message = 'The thread that computed the MD5 of the part ended. The part is to be sent again.'
    this.#end(new TransferError('INTEGRITY', message, { retry: 'temporary', cause }))
  }

  /** As much as the blocks have room for. */
  #take(chunk: Uint8Array): number {
    this.#throwIfOver()
    let taken = 0
    while (taken < chunk.byteLength && !this.#reading[this.#filling]) {
      const block = this.#blocks[this.#filling]
      const some = chunk.subarray(taken, taken + block.byteLength - this.#filled)
      new Uint8Array(block).set(some, this.#filled)
      this.#filled += some.byteLength
      taken += some.byteLength
      if (this.#filled === block.byteLength) this.#send()
    }
    return taken
  }

  async #takeRest(chunk: Uint8Array): Promise<void> {
    for (let rest = chunk; rest.byteLength > 0; rest = rest.subarray(this.#take(rest))) {
      while (this.#reading[this.#filling]) await this.#change()
    }
  }

  #send(): void {
    if (this.#filled === 0) return
    this.#thread.post({ id: this.#id, block: this.#filling, length: this.#filled })
    this.#reading[this.#filling] = true
    this.#filling = this.#filling === 0 ? 1 : 0
    this.#filled = 0
  }

  /** An answer of the thread. */
  async #change(): Promise<void> {
    this.#throwIfOver()
    this.#thread.await()
    try {
      await new Promise<void>((resolve, reject) => {
        this.#waiting = { resolve, reject }
      })
    } finally {
      this.#waiting = undefined
      this.#thread.awaitNoMore()
    }
  }

  #throwIfOver(): void {
    if (this.#over) throw this.#failure
  }

  #end(failure: unknown = new Error('The digest has been given')): void {
    if (this.#over) return
    this.#over = true
    this.#failure = failure
    this.#waiting?.reject(failure)
    this.#thread.listeners.delete(this.#id)
    this.#giveBack(this.#reading.includes(true) ? undefined : this.#blocks)
  }
}
