import { processBudget } from '../configure'
import { KiB } from '../plan'
import type { Run } from '../run'
import type { Holder } from './holder'

/** Bytes of a block: small beside a part, so that the last one wastes little; large enough to be sent in one write. */
export const blockSize = 256 * KiB

/**
 * Blocks given back, to be used again: fresh ones would become garbage faster than it is collected. There are never
 * more blocks than the budget has been taken for, and none are kept while no transfer holds anything.
 */
const spare: Buffer[] = []

/** Holds a part in memory; the budget for `size` bytes is taken before it returns. */
export async function memoryHolder(run: Run, size: number): Promise<Holder> {
  const giveBack = await run.budget.acquire(size, run.signal)
  const blocks: Buffer[] = []
  let length = 0
  let released = false
  return {
    async append(chunk) {
      for (let at = 0; at < chunk.byteLength; ) {
        const used = length % blockSize
        if (used === 0) blocks.push(spare.pop() ?? Buffer.allocUnsafeSlow(blockSize))
        const piece = chunk.subarray(at, at + blockSize - used)
        blocks[blocks.length - 1]!.set(piece, used)
        at += piece.byteLength
        length += piece.byteLength
      }
    },
    async *read() {
      for (let at = 0; at < length; at += blockSize) {
        // A released block may belong to another part already: a late reader must not see its bytes.
        if (released) throw new Error('The part was released while it was read')
        yield blocks[at / blockSize]!.subarray(0, Math.min(blockSize, length - at))
      }
    },
    release() {
      if (released) return
      released = true
      spare.push(...blocks.splice(0))
      giveBack()
      if (processBudget().held === 0) spare.length = 0
    },
  }
}
