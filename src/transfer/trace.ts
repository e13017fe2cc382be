import { type ObservedTransfer, type TransferNews, transferChannel } from '../contract/diagnostics'
import type { TransferError } from '../contract/errors'
import type { TransferEvent } from '../contract/events'
import type { Part } from '../contract/sink'
import type { Run } from './run'

type Outcome = Extract<TransferNews, { type: 'end' }>['outcome']

/** Publishes what happens in one transfer. Made only where somebody listens when it begins. */
export class Trace {
  readonly #run: Run
  readonly #transfer: ObservedTransfer
  #outcome: Outcome = 'skipped'
  #error: TransferError | undefined

  constructor(run: Run) {
    this.#run = run
    this.#transfer = observed(run)
    this.#publish({ type: 'start' })
  }

  event(event: TransferEvent): void {
    if (event.type === 'commit') this.#outcome = 'stored'
    if (event.type === 'abort') {
      this.#outcome = event.code
      this.#error = event.error
    }
    this.#publish({ type: 'event', event })
  }

  async part<T>({ index, start, size }: Part, work: () => Promise<T>): Promise<T> {
    const part = { index, start, size }
    const began = performance.now()
    const ended = (error?: TransferError) => {
      const elapsedMs = performance.now() - began
      this.#publish({ type: 'part-end', part, elapsedMs, ...(error && { error }) })
    }
    this.#publish({ type: 'part-start', part })
    try {
      const result = await work()
      ended()
      return result
    } catch (error) {
      ended(error as TransferError)
      throw error
    }
  }

  end(): void {
    const elapsedMs = performance.now() - this.#run.started
    const error = this.#error
    this.#publish({ type: 'end', outcome: this.#outcome, elapsedMs, ...(error && { error }) })
  }

  #publish(news: TransferNews): void {
    transferChannel.publish({ transfer: this.#transfer, ...news })
  }
}

function observed(run: Run): ObservedTransfer {
  let most = 0
  return {
    source: run.source.location,
    sink: run.sink.location,
    get bytes() {
      // What a failed attempt moved is taken back, and moved again.
      most = Math.max(most, run.progress.moved - run.resumedBytes)
      return most
    },
  }
}
