import type { TransferError } from '../../contract/errors'
import type { Part } from '../../contract/sink'
import type { Bytes } from '../../contract/source'
import type { Attempt } from '../attempts/attempt'
import { toTransferError } from '../attempts/classify'
import { exhausted, RetryAllowance } from '../attempts/retry'
import { MiB } from '../plan'
import type { Run } from '../run'
import type { Chunks } from './chunks'
import { Opening } from './opening'
import { wrongSize } from './wrong-size'

/**
 * How often the reads of a part may fail. They get on when a 64th of the part has come, 1 MiB at most: a source that
 * gives a few bytes and breaks, each time, would else be asked for ever, and millions of times.
 */
export function readAllowance({ options }: Run, { size }: Part): RetryAllowance {
  return new RetryAllowance(options.retry, Math.min(MiB, Math.ceil(size / 64)))
}

type Resolve = (chunk: Uint8Array | undefined) => void
type Reject = (error: unknown) => void

/** Opens the part's bytes from the given one on, counted from its start. */
export type OpenAt = (reached: number, signal: AbortSignal) => Promise<Bytes>

/**
 * The bytes of a part, from a source that can be opened anywhere. Where they break off (a temporary error, an early
 * end, silence) the source is opened again at the byte reached, while whoever reads just waits: the sink's request
 * need not start again because the source's did. Only what was handed on counts as reached.
 *
 * It fails when the error is permanent or the allowance used up, and then with an error that nobody tries again: the
 * retries here and those of the part must not multiply. The allowance belongs to the part and not to this read, so
 * that a sink whose request dies from waiting does not give a silent source its whole time again.
 */
export class ContinuedRead implements Chunks {
  readonly #run: Run
  readonly #part: Part
  readonly #attempt: Attempt
  readonly #allowance: RetryAllowance
  readonly #openAt: OpenAt
  #opening: Opening | undefined
  #reached = 0
  #over = false
  #delay: NodeJS.Timeout | undefined
  #resolve: Resolve = () => {}
  #reject: Reject = () => {}

  constructor(run: Run, part: Part, attempt: Attempt, allowance: RetryAllowance, openAt: OpenAt) {
    this.#run = run
    this.#part = part
    this.#attempt = attempt
    this.#allowance = allowance
    this.#openAt = openAt
  }

  next(): Promise<Uint8Array | undefined> {
    // The source has a clock of its own: the sink is not to blame while it waits for the source.
    this.#attempt.pause()
    return new Promise(this.#ask)
  }

  free(): void {
    if (this.#over) return
    this.#over = true
    clearTimeout(this.#delay)
    const { signal } = this.#attempt
    const reason = signal.aborted ? signal.reason : new Error('The read was given up')
    this.#opening?.end(reason)
    this.#reject(reason)
  }

  /** Bound once for all chunks. */
  readonly #ask = (resolve: Resolve, reject: Reject): void => {
    this.#resolve = resolve
    this.#reject = reject
    if (this.#opening) this.#opening.ask()
    else this.#open()
  }

  #open(): void {
    const { source, options } = this.#run
    this.#opening = new Opening(
      (signal) => this.#openAt(this.#reached, signal),
      { idle: options.timeouts.idle, waitingFor: `${source.location} (part)` },
      { received: (chunk) => this.#received(chunk), failed: (error) => this.#failed(error) },
    )
  }

  #received(chunk: Uint8Array | undefined): void {
    if (!chunk && this.#reached < this.#part.size) {
      this.#failed(wrongSize(this.#run.source.location, this.#part, this.#reached))
      return
    }
    if (!chunk) this.#over = true
    else if (chunk.byteLength > 0) {
      this.#reached += chunk.byteLength
      this.#allowance.moved(chunk.byteLength)
    }
    this.#resolve(chunk)
  }

  #failed(cause: unknown): void {
    const { location } = this.#run.source
    const where = { location, operation: 'part', part: this.#part.index }
    const error: TransferError = toTransferError(cause, 'source', where)
    this.#opening?.end(error)
    const failure = this.#allowance.take(error)
    if (!failure) {
      this.#over = true
      this.#reject(exhausted(error))
      return
    }
    this.#run.retried('part', this.#part.index, failure)
    // Whoever was told may have aborted.
    if (!this.#over) this.#delay = setTimeout(() => this.#open(), failure.delayMs)
  }
}
