import { TransferError } from '../../contract/errors'

/** S3, Ceph and COS name objects by up to this many bytes of UTF-8, unless the adapter says otherwise. */
const defaultMaxBytes = 1024

/** @throws INVALID_KEY unless `key` is well-formed Unicode of 1 to `maxBytes` bytes of UTF-8. */
export function checkKey(key: unknown, maxBytes = defaultMaxBytes): asserts key is string {
  const problem = problemOf(key, maxBytes)
  if (problem) throw new TransferError('INVALID_KEY', `The object key ${problem}.`, { context: { key } })
}

function problemOf(key: unknown, maxBytes: number): string | undefined {
  if (typeof key !== 'string') return 'must be a string'
  if (key === '') return 'must not be empty'
  // A lone surrogate would be sent as U+FFFD, and so name another object.
  if (/\p{Surrogate}/u.test(key)) return 'must be well-formed Unicode: it holds a lone surrogate'
  const bytes = Buffer.byteLength(key)
  if (bytes > maxBytes) return `has ${bytes} bytes of UTF-8, and at most ${maxBytes} are possible`
  return undefined
}
