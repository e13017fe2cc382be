/**
 * What a thread runs. A string, and neither a file nor a function's source: a bundler would not find the file, and may
 * put helpers of its own into the function. `eval` of a worker takes it as CommonJS in both formats of this package.
 *
 * To the thread: `{ id, blocks }` begins an MD5 whose bytes will lie in these two shared blocks, `{ id, block, length }`
 * has some of them, `{ id, over }` ends it, answered or not. Back: `{ id, block }` when a block has been read, and
 * `{ id, md5 }`.
 */
export const threadCode = `
const { parentPort } = require('node:worker_threads')
const { createHash } = require('node:crypto')
const begun = new Map()
parentPort.on('message', ({ id, blocks, block, length, over }) => {
  if (blocks) {
    begun.set(id, { hash: createHash('md5'), blocks })
  } else if (over) {
    if (over === 'digest') parentPort.postMessage({ id, md5: begun.get(id).hash.digest('hex') })
    begun.delete(id)
  } else {
    const { hash, blocks } = begun.get(id)
    hash.update(new Uint8Array(blocks[block], 0, length))
    parentPort.postMessage({ id, block })
  }
})
`

export type ToThread =
  | { readonly id: number; readonly blocks: BlockPair }
  | { readonly id: number; readonly block: 0 | 1; readonly length: number }
  | { readonly id: number; readonly over: 'digest' | 'drop' }

export type FromThread =
  | { readonly id: number; readonly block: 0 | 1 }
  | { readonly id: number; readonly md5: string }

/** One is filled while the other is read. */
export type BlockPair = readonly [SharedArrayBuffer, SharedArrayBuffer]
