import { TransferError } from '../../contract/errors'
import type { PartReceipt, WriteSession } from '../../contract/sink'
import type { Attempt } from '../attempts/attempt'
import { type ChildSignal, childSignal } from '../attempts/child-signal'
import { exhausted, type Failure, retryAfter } from '../attempts/retry'
import { sleep } from '../attempts/sleep'
import type { Release } from '../memory/memory-budget'
import { meterTask } from '../parts/meter-task'
import type { PartTask } from '../parts/part-task'
import { type AgreedPart, agree } from '../parts/receipts'
import type { PartProgress } from '../progress'
import type { Run } from '../run'
import type { Verifier } from '../verify/verifier'
import type { Start } from './concurrency'
import type { PartSlots } from './part-slots'

/** What all parts in flight share. */
export interface Moving {
  readonly run: Run
  readonly session: WriteSession
  readonly verifier: Verifier
  readonly slots: PartSlots
}

/** One of the two that may send a part. */
interface Sender {
  readonly child: ChildSignal
  readonly progress: PartProgress
  start: Start
  /** The adapter's own call, which may go on after its attempt was given up. */
  call: Promise<AgreedPart> | undefined
}

/** As often is a part sent again beside its own retries. */
const mostDuplicates = 3

/** One part on its way, over one connection or, where that one lags, over two: the first to arrive counts. */
export class PartFlight {
  readonly task: PartTask
  readonly #moving: Moving
  readonly #progress: PartProgress
  readonly #senders: Sender[] = []
  #duplicates = 0
  #duplicating: Promise<AgreedPart | undefined> | undefined
  #begunAt = performance.now()
  #over = false
  #overtake: (agreed: AgreedPart) => void = () => {}

  constructor(moving: Moving, task: PartTask) {
    this.#moving = moving
    this.task = task
    this.#progress = moving.run.progress.part()
  }

  /** Whether it is worth sending again after `patience` milliseconds, retries and their pauses included. */
  lags(patience: number): boolean {
    if (this.#over || this.#duplicating || this.#duplicates === mostDuplicates) return false
    return performance.now() - this.#begunAt > patience
  }

  /** Takes a slot that has been entered, and leaves it. */
  async land(): Promise<AgreedPart> {
    const { run, slots } = this.#moving
    try {
      const agreed = await this.#race()
      if (await this.#isSettled(agreed)) return agreed
      await slots.enterAgain(run.signal)
      return await this.#send()
    } finally {
      this.#end()
    }
  }

  /** Sends the part again beside the one that lags. Its failure is not the part's. Takes a slot that has been entered. */
  duplicate(release: Release): void {
    this.#duplicates += 1
    this.#begunAt = performance.now()
    this.#moving.run.emit({ type: 'straggler', index: this.task.index })
    this.#duplicating = this.#sendOnce().finally(() => {
      this.#moving.slots.leave()
      release()
      this.#duplicating = undefined
    })
  }

  async #race(): Promise<AgreedPart> {
    const overtaken = new Promise<AgreedPart>((resolve) => {
      this.#overtake = resolve
    })
    const original = this.#send()
    try {
      return await Promise.race([original, overtaken])
    } finally {
      this.#end()
      await Promise.allSettled([original, this.#duplicating])
    }
  }

  /** Nobody sends any more, but for calls that have not noticed yet. */
  #end(): void {
    this.#over = true
    const reason = new TransferError('ABORTED', 'The part has arrived over another connection.')
    for (const { child } of this.#senders) {
      child.abort(reason)
      child.end()
    }
  }

  async #send(): Promise<AgreedPart> {
    const { run, slots } = this.#moving
    const { index, size } = this.task
    const sender = this.#sender(this.#progress)
    const { signal } = sender.child
    let entered = true
    const pause = async ({ delayMs }: Failure) => {
      slots.leave()
      entered = false
      await sleep(delayMs, signal)
      const [before, since] = [slots.arrivals, performance.now()]
      await slots.enterAgain(signal)
      entered = true
      return slots.arrivals > before ? performance.now() - since : 0
    }
    try {
      const options = { operation: 'part', side: 'sink', index, signal, pause } as const
      const agreed = await run.request(options, (attempt) => this.#write(sender, attempt))
      slots.arrived(sender.start, size)
      return agreed
    } catch (error) {
      const saved = TransferError.is(error) && error.retry === 'exhausted' && (await this.#duplicating)
      if (saved) return saved
      throw error
    } finally {
      if (entered) slots.leave()
    }
  }

  async #sendOnce(): Promise<AgreedPart | undefined> {
    const { run, slots } = this.#moving
    const { index, size } = this.task
    // Counted only if it wins, so that a part does not count twice.
    const sender = this.#sender({ add: () => {}, rewind: () => {} })
    try {
      const options = { operation: 'part', side: 'sink', index, signal: sender.child.signal } as const
      const agreed = await run.once(options, (attempt) => this.#write(sender, attempt))
      slots.arrived(sender.start, size)
      this.#end()
      this.#progress.rewind()
      this.#progress.add(size)
      this.#overtake(agreed)
      return agreed
    } catch (error) {
      const known = error as TransferError
      if (known.code === 'THROTTLED') slots.throttled(sender.start.startedAt, retryAfter(known))
      return undefined
    }
  }

  #sender(progress: PartProgress): Sender {
    const child = childSignal(this.#moving.run.signal)
    const sender: Sender = { child, progress, start: this.#moving.slots.start(), call: undefined }
    this.#senders.push(sender)
    return sender
  }

  #write(sender: Sender, attempt: Attempt): Promise<AgreedPart> {
    sender.start = this.#moving.slots.start()
    sender.call = this.#attempt(sender, attempt)
    return sender.call
  }

  async #attempt({ progress }: Sender, attempt: Attempt): Promise<AgreedPart> {
    const { run, session, verifier } = this.#moving
    const { index, start, size } = this.task
    const part = { index, start, size }
    const context = run.context(attempt.signal)
    const pinned = run.context(attempt.signal, this.task.version)
    const copied = verifier.mayCopy ? await session.copyPart?.(part, run.source, pinned) : undefined
    if (copied) {
      progress.add(size)
      return agree(part, {}, copied)
    }
    const body = meterTask(run, this.task, attempt, progress, verifier.createDigester)
    const stated: PartReceipt = await session.writePart(part, body, context)
    return agree(part, await body.digests(), stated)
  }

  /**
   * Waits until the sink has ended the call that lost: one that still writes must not meet the commit, nor read memory
   * that belongs to another part by then.
   * @returns false where both arrived and the sink may hold another part than the receipt says
   */
  async #isSettled({ receipt }: AgreedPart): Promise<boolean> {
    if (this.#senders.length === 1) return true
    const { run } = this.#moving
    const options = { operation: 'part', side: 'sink', index: this.task.index } as const
    const calls = Promise.allSettled(this.#senders.map(({ call }) => call))
    const outcomes = await run.once(options, () => calls).catch((error) => Promise.reject(exhausted(error)))
    return outcomes.every(
      (one) => one.status === 'rejected' || !one.value || one.value.receipt.etag === receipt.etag,
    )
  }
}
