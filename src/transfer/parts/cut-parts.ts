import type { PartReceipt } from '../../contract/sink'
import type { ObjectInfo } from '../../contract/source'
import { type ConcurrencyRange, concurrencyRange } from '../flight/concurrency-range'
import { limitsOf } from '../options'
import { planGrowth, planParts } from '../plan'
import { largestPut } from '../put-whole'
import type { Run } from '../run'
import type { Verifier } from '../verify/verifier'
import { heldParts } from './held-parts'
import { type PartTask, rangedParts } from './part-task'

export interface CutParts {
  readonly parts: PartQueue
  readonly concurrency: ConcurrencyRange
  readonly partSize: number
}

/** What an earlier run has done of it. */
export interface EarlierParts {
  readonly partSize: number
  /** These are left out. */
  readonly kept: readonly PartReceipt[]
}

/** Plans the parts: ranges of a source that can be opened anywhere, held pieces of one that comes but once. */
export function cutParts(run: Run, info: ObjectInfo, verifier: Verifier, earlier?: EarlierParts): CutParts {
  const { size } = info
  const limits = limitsOf(run.sink.capabilities)
  const held = run.source.sequential || size === undefined
  const most = verifier.inOrder ? 1 : limits.maxParts
  const range = concurrencyRange(run.options.concurrency, { held, most, budget: run.budget.total })
  const concurrency = range.start
  if (held) {
    const holdable = run.source.spool === undefined ? run.budget.total : Number.POSITIVE_INFINITY
    const growth = planGrowth(limits, holdable, run.options.partSize)
    run.emit({ type: 'plan', method: 'parts', partSize: growth.first, concurrency, ...sized(size) })
    return { parts: new PartQueue(heldParts(run, info, growth)), concurrency: range, partSize: growth.first }
  }
  const plan = planParts(size, limits, earlier?.partSize ?? run.options.partSize ?? verifier.partSize)
  const whole = !earlier && plan.parts <= 1 && size <= largestPut(run.sink, run.budget.total)
  const method = whole ? 'put' : 'parts'
  run.emit({ type: 'plan', method, partSize: plan.partSize, parts: plan.parts, concurrency, size })
  const parts = rangedParts(run, info, size, plan, whole, earlier?.kept)
  return { parts: new PartQueue(parts), concurrency: range, partSize: plan.partSize }
}

const sized = (size: number | undefined) => (size === undefined ? {} : { size })

/** Hands parts to the workers. The first can be looked at before it is decided how they go. */
export class PartQueue {
  readonly #parts: AsyncGenerator<PartTask, void>
  #first: PartTask | undefined

  constructor(parts: AsyncGenerator<PartTask, void>) {
    this.#parts = parts
  }

  /** The first part, which stays in the queue. There is one, though it may be empty, unless all have been kept. */
  async first(): Promise<PartTask | undefined> {
    const next = await this.#parts.next()
    this.#first = next.value ?? undefined
    return this.#first
  }

  async next(): Promise<PartTask | undefined> {
    const first = this.#first
    this.#first = undefined
    if (first) return first
    const next = await this.#parts.next()
    return next.value ?? undefined
  }

  /** Gives back what parts that nobody took still hold. */
  end(): void {
    this.#first?.release()
    this.#first = undefined
    this.#parts.return().catch(() => {})
  }
}
