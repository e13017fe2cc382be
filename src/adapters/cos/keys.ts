import { TransferError } from '../../contract/errors'
import { checkKey } from '../object-store/key'

/** UTF-8 bytes, https://www.tencentcloud.com/document/product/436/13324 (Object Key, naming conventions). */
const maxBytes = 850

/** CAN, EM, SUB and ESC, which COS refuses in keys. */
const refusedControls = ['\u0018', '\u0019', '\u001a', '\u001b']

/** What COS documents of keys, and what its SDK or its servers would turn into another key. @throws INVALID_KEY */
export function checkCosKey(key: unknown): asserts key is string {
  checkKey(key, maxBytes)
  const problem = problemOf(key)
  if (problem) throw new TransferError('INVALID_KEY', `The object key ${problem}.`, { context: { key } })
}

function problemOf(key: string): string | undefined {
  if (key.startsWith('/')) return 'begins with a slash, which COS does not allow: leave it out'
  if (key.startsWith('\\')) return 'begins with a backslash, which COS does not allow'
  if (refusedControls.some((char) => key.includes(char)))
    return 'has a control character from U+0018 to U+001B, which COS does not allow'
  if (meansBucket(key))
    return 'has only dots between its slashes, and COS would take it for the bucket itself'
  return undefined
}

/** `a/..` is resolved by COS to `/`: a GET of it answers with the list of the bucket, as if that were the object. */
function meansBucket(key: string): boolean {
  let depth = 0
  for (const name of key.split('/')) {
    if (name === '..') depth = Math.max(0, depth - 1)
    else if (name !== '' && name !== '.') depth += 1
  }
  return depth === 0
}
