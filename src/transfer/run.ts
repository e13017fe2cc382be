import { setMaxListeners } from 'node:events'
import { transferChannel } from '../contract/diagnostics'
import { TransferError } from '../contract/errors'
import type { Operation, TransferEvent } from '../contract/events'
import type { Part, Sink } from '../contract/sink'
import type { Context, Source } from '../contract/source'
import { type Attempt, attempt } from './attempts/attempt'
import { toTransferError } from './attempts/classify'
import { type Failure, type Pause, retrying } from './attempts/retry'
import { type BudgetShare, budgetShare } from './configure'
import type { ResolvedOptions } from './options'
import type { PeekedBytes } from './parts/peeked-bytes'
import { ProgressMeter } from './progress'
import { tell } from './tell'
import { Trace } from './trace'

/** How one request of the walk is tried. */
export interface RequestOptions<T> {
  readonly operation: Operation
  readonly side: 'source' | 'sink'
  readonly index?: number
  /** Milliseconds of silence. @default timeouts.idle */
  readonly idle?: number
  /** @default the transfer's */
  readonly signal?: AbortSignal
  /** Gives back what came too late. */
  readonly late?: (result: T) => void
  /** Waits before the next attempt. @default sleeps */
  readonly pause?: Pause
}

/** Milliseconds a refused request has been under way, where that is not known. */
const roundTrip = 1000

/** One transfer under way: what its steps share. */
export class Run {
  readonly started = performance.now()
  readonly progress: ProgressMeter
  readonly budget: BudgetShare
  retries = 0
  /** The object's bytes, where they came with the first answer of the source. */
  peeked: PeekedBytes | undefined
  /** Bytes of the parts that an earlier run has sent. */
  resumedBytes = 0
  /** Hears of each retry of a part's request, to either side, and of when the one that failed began. */
  onPartRetry: ((failure: Failure, began: number) => void) | undefined
  readonly #controller = new AbortController()
  readonly #drain = new AbortController()
  /** Milliseconds between an abort and the stop it leads to. */
  #grace = 0
  readonly #stopListening: () => void
  #stopped: number | undefined
  #trace: Trace | undefined

  constructor(
    readonly source: Source,
    readonly sink: Sink,
    readonly options: ResolvedOptions,
  ) {
    this.progress = new ProgressMeter(options.onProgress)
    this.budget = budgetShare(options.memoryBudget)
    this.#stopListening = this.#listen()
    if (transferChannel.hasSubscribers) this.#trace = new Trace(this)
  }

  /** Fires when the transfer must stop; its reason is the TransferError to reject with. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Fires, with the same reason, when nothing new is to begin: some time before `signal`, where there is a grace. */
  get draining(): AbortSignal {
    return this.#drain.signal
  }

  /** Lets what is under way in `work` go on for the checkpoint's grace after an abort. */
  async withGrace<T>(work: () => Promise<T>): Promise<T> {
    this.#grace = this.options.checkpoint?.grace ?? 0
    // Each part in flight listens: from eleven on Node would print a warning of a leak.
    setMaxListeners(0, this.#controller.signal, this.#drain.signal)
    try {
      return await work()
    } finally {
      this.#grace = 0
    }
  }

  /** Ends everything under way with this error. The first one counts. */
  stop(error: TransferError): void {
    this.#stopped ??= performance.now()
    this.#drain.abort(error)
    this.#controller.abort(this.#drain.signal.reason)
  }

  /** Milliseconds since the stop, its grace included; 0 before it. */
  get sinceStop(): number {
    return this.#stopped === undefined ? 0 : performance.now() - this.#stopped
  }

  throwIfStopped(): void {
    if (this.signal.aborted) throw this.signal.reason
  }

  /** Releases the caller's signal and the clock, and bytes that nobody read. */
  end(): void {
    this.peeked?.free()
    this.#stopListening()
    this.#trace?.end()
    this.#trace = undefined
  }

  emit(event: TransferEvent): void {
    tell(this.options.onEvent, event)
    this.#trace?.event(event)
  }

  /** Moves one part, told of where somebody listens. */
  inFlight<T>(part: Part, work: () => Promise<T>): Promise<T> {
    return this.#trace ? this.#trace.part(part, work) : work()
  }

  /** What an adapter is told with each call. */
  context(signal: AbortSignal, version?: string): Context {
    const { lifecycle, timeouts } = this.options
    return {
      signal,
      connectTimeout: timeouts.connect,
      ...(lifecycle && { lifecycle }),
      ...(version !== undefined && { version }),
    }
  }

  /** Tries a request until it succeeds or fails for good. Rejects with TransferErrors only. */
  request<T>(options: RequestOptions<T>, work: (attempt: Attempt) => Promise<T>): Promise<T> {
    const { operation, index, signal = this.signal, pause } = options
    let began = 0
    const attempt = () => {
      began = performance.now()
      return this.once(options, work)
    }
    const retried = (failure: Failure) => this.retried(operation, index, failure, began)
    return retrying(this.options.retry, signal, attempt, retried, pause)
  }

  /** Counts a request that is about to be tried again, and tells of it. */
  retried(
    operation: Operation,
    index: number | undefined,
    failure: Failure,
    began = performance.now() - roundTrip,
  ): void {
    this.retries += 1
    if (operation === 'part') this.onPartRetry?.(failure, began)
    this.emit({ type: 'retry', operation, ...(index !== undefined && { index }), ...failure })
  }

  /** Tries a request once. Rejects with TransferErrors only. */
  async once<T>(options: RequestOptions<T>, work: (attempt: Attempt) => Promise<T>): Promise<T> {
    const { operation, side, index, signal = this.signal, idle = this.options.timeouts.idle, late } = options
    const { location } = this[side]
    try {
      return await attempt({ signal, idle, waitingFor: `${location} (${operation})` }, work, late)
    } catch (error) {
      throw toTransferError(error, side, {
        operation,
        location,
        ...(index !== undefined && { part: index }),
      })
    }
  }

  #listen(): () => void {
    const { signal, timeouts } = this.options
    let graceTimer: NodeJS.Timeout | undefined
    const abort = () => {
      const message = 'The transfer was aborted by its signal.'
      const error = new TransferError('ABORTED', message, { cause: signal?.reason })
      if (this.#grace === 0) return this.stop(error)
      this.#stopped ??= performance.now()
      this.#drain.abort(error)
      graceTimer = setTimeout(() => this.stop(error), this.#grace)
    }
    const expire = () =>
      this.stop(
        new TransferError('TIMEOUT', `The transfer took longer than ${timeouts.total} ms (timeouts.total).`, {
          context: { total: timeouts.total },
        }),
      )
    if (signal?.aborted) abort()
    signal?.addEventListener('abort', abort, { once: true })
    const timer = timeouts.total === undefined ? undefined : setTimeout(expire, timeouts.total)
    return () => {
      clearTimeout(timer)
      clearTimeout(graceTimer)
      signal?.removeEventListener('abort', abort)
    }
  }
}
