import { processBudget } from '../../configure'
import { KiB } from '../../plan'

/** Bytes of a block: small beside a part, large enough to be sent in one write. */
export const blockSize = 256 * KiB

/** Blocks given back, to be used again: fresh ones would become garbage faster than it is collected. */
const spare: Buffer[] = []

/** Bytes that holders have taken of the budget and not yet filled: spare blocks may stand by for them. */
let promised = 0

/** The blocks of one holder, who has taken `size` bytes of the budget for them. */
export class Blocks {
  readonly #list: Buffer[] = []
  #left: number

  constructor(size: number) {
    this.#left = size
    promised += size
  }

  /** One more block; the last one is no larger than what was taken of the budget. */
  add(): Buffer {
    const bytes = Math.min(blockSize, this.#left)
    const block = (bytes === blockSize && spare.pop()) || Buffer.allocUnsafeSlow(bytes)
    this.#left -= bytes
    promised -= bytes
    this.#list.push(block)
    return block
  }

  at(index: number): Buffer {
    return this.#list[index]!
  }

  /** Before the budget is given back. */
  release(): void {
    promised -= this.#left
    this.#left = 0
    for (const block of this.#list.splice(0)) if (block.byteLength === blockSize) spare.push(block)
  }
}

/** Keeps blocks in use, spare ones and all else that is held within the budget; none are spare while nothing is held. */
export function trimSpareBlocks(): void {
  const { held, total } = processBudget()
  const most = held === 0 ? 0 : Math.floor(Math.max(0, total - held + promised) / blockSize)
  if (spare.length > most) spare.length = most
}
