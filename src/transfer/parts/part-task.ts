import type { Part } from '../../contract/sink'
import type { ObjectInfo } from '../../contract/source'
import type { Attempt } from '../attempts/attempt'
import { KiB, type Plan } from '../plan'
import type { Run } from '../run'
import type { Chunks } from './chunks'
import { ContinuedRead, type OpenAt, readAllowance } from './continued-read'
import { trimSpareBlocks } from './hold/block-pool'

/** A part to be moved, and the memory or file behind it. */
export interface PartTask extends Part {
  /** It is the whole object, small enough to be put in one request: the memory for that has been taken. */
  readonly whole: boolean
  /** That of the source, for a backend that copies the part by itself; missing where it cannot be read again. */
  readonly version?: string
  /** May be called again; each time the bytes start anew. */
  read(attempt: Attempt): Chunks
  /** Gives back what the part holds; twice is fine. */
  release(): void
}

/**
 * What a part costs that only passes through: the buffers of two sockets and the chunks on their way, measured at
 * well under this for both SDKs.
 */
export const passingCost = 1024 * KiB

/** The parts of a source that can be opened anywhere, each read only when a worker asks for it. */
export async function* rangedParts(
  run: Run,
  info: ObjectInfo,
  size: number,
  plan: Plan,
  whole: boolean,
  kept: readonly Pick<Part, 'index'>[] = [],
): AsyncGenerator<PartTask, void> {
  const count = Math.max(1, plan.parts)
  const done = new Set(kept.map(({ index }) => index))
  for (let index = 0; index < count; index += 1) {
    if (done.has(index)) continue
    const cost = whole ? size : Math.min(passingCost, plan.partSize)
    const release = await run.budget.acquire(cost, run.signal)
    trimSpareBlocks()
    const start = index * plan.partSize
    const part = rangedPart(run, info, { index, start, size: Math.min(size, start + plan.partSize) - start })
    yield { ...part, whole, version: info.version, release }
  }
}

/** A part of a source that can be opened anywhere. */
export function rangedPart(run: Run, info: ObjectInfo, part: Part): Pick<PartTask, 'read' | keyof Part> {
  const { start, size } = part
  const allowance = readAllowance(run, part)
  const openAt: OpenAt = async (reached, signal) => {
    // A whole object is opened without a range: one that is longer than it states then shows itself by its surplus.
    // Continued with one, it shows by its version, and before the commit by its size.
    const all = size === info.size && reached === 0
    const peeked = all ? run.peeked?.take() : undefined
    if (peeked) return peeked
    run.peeked?.free()
    const range = all ? undefined : { start: start + reached, end: start + size }
    return run.source.open(range, run.context(signal, info.version))
  }
  const read = (attempt: Attempt) => new ContinuedRead(run, part, attempt, allowance, openAt)
  return { ...part, read }
}
