import type { Part } from '../contract/sink'
import type { Bytes, ObjectInfo, Source } from '../contract/source'
import type { Attempt } from './attempt'
import { trimSpareBlocks } from './hold/block-pool'
import { KiB, type Plan } from './plan'
import type { Run } from './run'

/** A part to be moved, and the memory or file behind it. */
export interface PartTask extends Part {
  /** It is the whole object, small enough to be put in one request: the memory for that has been taken. */
  readonly whole: boolean
  /** May be called again; each time the bytes start anew. */
  open(attempt: Attempt): Promise<Bytes>
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
): AsyncGenerator<PartTask, void> {
  const count = Math.max(1, plan.parts)
  for (let index = 0; index < count; index += 1) {
    const cost = whole ? size : Math.min(passingCost, plan.partSize)
    const release = await run.budget.acquire(cost, run.signal)
    trimSpareBlocks()
    const start = index * plan.partSize
    const end = Math.min(size, start + plan.partSize)
    yield {
      index,
      start,
      size: end - start,
      whole,
      open: (attempt) => openRange(run, run.source, info, count === 1 ? undefined : { start, end }, attempt),
      release,
    }
  }
}

/** The whole object is opened without a range: an object that has grown then shows itself by its surplus. */
function openRange(
  run: Run,
  source: Source,
  info: ObjectInfo,
  range: { start: number; end: number } | undefined,
  attempt: Attempt,
): Promise<Bytes> {
  return source.open(range, run.context(attempt.signal, info.version))
}
