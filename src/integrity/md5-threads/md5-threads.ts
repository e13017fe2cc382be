import { isStill, processIdentity } from '../../lifecycle/process-identity'
import { shared } from '../../lifecycle/shared'
import { Md5Thread } from './md5-thread'
import type { BlockPair } from './thread-code'
import { ThreadedMd5 } from './threaded-md5'

/** Bytes of a block; each digest has two. A message for every 64 KiB would cost a tenth of the MD5 itself. */
const blockSize = 256 * 1024

/** Bytes to be digested before a thread is worth its start. */
const worthStarting = 64 * 1024 * 1024

/** Bytes of the smallest body that is worth its messages. */
const worthMoving = 1024 * 1024

/** Milliseconds without work after which the threads end. */
const maxIdle = 5_000

/** Threads that compute MD5s beside the one that moves the bytes. They start when there is enough to do. */
export class Md5Threads {
  #threads: Md5Thread[] = []
  #blocks: BlockPair[] = []
  #home = processIdentity()
  #ids = 0
  #open = 0
  /** Bytes asked for since they last were idle. */
  #asked = 0
  #refused = false
  #idle: NodeJS.Timeout | undefined

  /**
   * A new digest of `size` bytes; undefined where it is better computed at the caller's: there is not enough to do, or no
   * thread has started yet, or none can. At most `most` threads are started.
   */
  begin(size: number, most: number): ThreadedMd5 | undefined {
    if (size < worthMoving) return undefined
    if (!isStill(this.#home)) this.#forget()
    if (this.#open === 0) this.#rest()
    this.#asked += size
    this.#start(most)
    const thread = this.#threads
      .filter(({ online }) => online)
      .sort((a, b) => a.listeners.size - b.listeners.size)[0]
    if (!thread || most === 0) return undefined
    clearTimeout(this.#idle)
    this.#open += 1
    this.#ids += 1
    const blocks = this.#blocks.pop() ?? newBlocks()
    return new ThreadedMd5(this.#ids, thread, blocks, (free) => this.#ended(free))
  }

  /** Threads that run or are starting. */
  get size(): number {
    return this.#threads.length
  }

  /** One at a time, and another one only while all have work. */
  #start(most: number): void {
    if (this.#refused || this.#asked < worthStarting || this.#threads.length >= most) return
    if (this.#threads.some(({ online, listeners }) => !online || listeners.size === 0)) return
    try {
      this.#threads.push(new Md5Thread((thread) => this.#died(thread)))
    } catch {
      // The permission model, or a start-up snapshot being built: MD5s are computed where they always were.
      this.#refused = true
    }
  }

  #died(thread: Md5Thread): void {
    if (!this.#threads.includes(thread)) return
    this.#threads = this.#threads.filter((other) => other !== thread)
    // What ended one by itself, such as a limit of the host, would end the next one too.
    this.#refused = true
  }

  #ended(blocks: BlockPair | undefined): void {
    this.#open -= 1
    if (blocks) this.#blocks.push(blocks)
    if (this.#open === 0) this.#rest()
  }

  #rest(): void {
    clearTimeout(this.#idle)
    this.#idle = setTimeout(() => this.end(), maxIdle).unref()
  }

  /** Ends the threads; they start again when they are needed. Not while a digest is under way. */
  end(): void {
    if (this.#open > 0) return
    for (const thread of this.#threads.splice(0)) thread.end()
    this.#blocks = []
    this.#asked = 0
  }

  /** This is a copy of the process that started them, such as a start-up snapshot: they are not here. */
  #forget(): void {
    this.#home = processIdentity()
    this.#threads = []
    this.#blocks = []
    this.#open = 0
    this.#refused = false
  }
}

const newBlocks = (): BlockPair => [new SharedArrayBuffer(blockSize), new SharedArrayBuffer(blockSize)]

/** Those of this process (or thread). */
export const md5Threads = (): Md5Threads => shared('md5-threads', () => new Md5Threads())
