import { TransferError } from '../contract/errors'
import type { Operation, TransferEvent } from '../contract/events'
import type { Sink } from '../contract/sink'
import type { Context, Source } from '../contract/source'
import { type Attempt, attempt } from './attempt'
import { toTransferError } from './classify'
import { type BudgetShare, budgetShare } from './configure'
import type { ResolvedOptions } from './options'
import { ProgressMeter } from './progress'
import { retrying } from './retry'
import { tell } from './tell'

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
}

/** One transfer under way: what its steps share. */
export class Run {
  readonly started = performance.now()
  readonly progress: ProgressMeter
  readonly budget: BudgetShare
  retries = 0
  readonly #controller = new AbortController()
  readonly #stopListening: () => void
  #stopped: number | undefined

  constructor(
    readonly source: Source,
    readonly sink: Sink,
    readonly options: ResolvedOptions,
  ) {
    this.progress = new ProgressMeter(options.onProgress)
    this.budget = budgetShare(options.memoryBudget)
    this.#stopListening = this.#listen()
  }

  /** Fires when the transfer must stop; its reason is the TransferError to reject with. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Ends everything under way with this error. The first one counts. */
  stop(error: TransferError): void {
    this.#stopped ??= performance.now()
    this.#controller.abort(error)
  }

  /** Milliseconds since the stop; 0 before it. */
  get sinceStop(): number {
    return this.#stopped === undefined ? 0 : performance.now() - this.#stopped
  }

  throwIfStopped(): void {
    if (this.signal.aborted) throw this.signal.reason
  }

  /** Releases the caller's signal and the clock. */
  end(): void {
    this.#stopListening()
  }

  emit(event: TransferEvent): void {
    tell(this.options.onEvent, event)
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
    const { operation, index, signal = this.signal } = options
    return retrying(
      this.options.retry,
      signal,
      () => this.once(options, work),
      (failure) => {
        this.retries += 1
        this.emit({ type: 'retry', operation, ...(index !== undefined && { index }), ...failure })
      },
    )
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
    const abort = () =>
      this.stop(
        new TransferError('ABORTED', 'The transfer was aborted by its signal.', { cause: signal?.reason }),
      )
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
      signal?.removeEventListener('abort', abort)
    }
  }
}
