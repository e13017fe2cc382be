import { Blocks, blockSize } from './block-pool'
import type { Holder } from './holder'

/** Holds a part of at most `size` bytes in memory, for which the budget has been taken. */
export function memoryHolder(size: number): Holder {
  const blocks = new Blocks(size)
  let block: Buffer = Buffer.alloc(0)
  let length = 0
  let released = false
  const check = () => {
    // A released block may belong to another part already: late readers and writers must not touch its bytes.
    if (released) throw new Error('The part has been released')
  }
  return {
    async append(chunk) {
      check()
      for (let at = 0; at < chunk.byteLength; ) {
        const used = length % blockSize
        if (used === 0) block = blocks.add()
        const piece = chunk.subarray(at, at + block.byteLength - used)
        block.set(piece, used)
        at += piece.byteLength
        length += piece.byteLength
      }
    },
    async *read() {
      for (let at = 0; at < length; at += blockSize) {
        check()
        yield blocks.at(at / blockSize).subarray(0, Math.min(blockSize, length - at))
      }
    },
    release() {
      released = true
      blocks.release()
    },
  }
}
