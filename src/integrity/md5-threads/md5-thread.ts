import { Worker } from 'node:worker_threads'
import { type FromThread, type ToThread, threadCode } from './thread-code'

export interface Listener {
  answered(answer: FromThread): void
  died(error: Error): void
}

/** MiB. Of its own heap a thread uses less than 4; left to itself it would take part of the machine's memory for it. */
const resourceLimits = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 }

/** A worker thread that computes MD5s. Costs about 9 MiB and 25 ms to start. */
export class Md5Thread {
  /** It has started: until then nobody should wait for it. */
  online = false
  readonly listeners = new Map<number, Listener>()
  readonly #worker: Worker
  #awaited = 0

  /**
   * @param onDeath called when it could not start, or ended by itself
   * @throws where the process may start no threads
   */
  constructor(onDeath: (thread: Md5Thread) => void) {
    // Flags and environment of the host may name modules to be loaded into each thread.
    const options = { eval: true, env: {}, execArgv: [], name: 'sluiceway-md5', resourceLimits }
    this.#worker = new Worker(threadCode, options)
    // It keeps no process alive, but while an answer is awaited.
    this.#worker.unref()
    this.#worker.on('online', () => {
      this.online = true
    })
    this.#worker.on('message', (answer: FromThread) => this.listeners.get(answer.id)?.answered(answer))
    const died = (error: Error) => {
      this.online = false
      onDeath(this)
      for (const listener of [...this.listeners.values()]) listener.died(error)
    }
    this.#worker.on('error', died)
    this.#worker.on('exit', () => died(new Error('The thread ended')))
  }

  post(message: ToThread): void {
    this.#worker.postMessage(message)
  }

  /** An answer is awaited: the process goes on at least until it has come. */
  await(): void {
    this.#awaited += 1
    if (this.#awaited === 1) this.#worker.ref()
  }

  awaitNoMore(): void {
    this.#awaited -= 1
    if (this.#awaited === 0) this.#worker.unref()
  }

  end(): void {
    this.#worker.terminate().catch(() => {})
  }
}
