import { sep } from 'node:path'
import { TransferError } from '../../contract/errors'
import { isStagedName } from './staged-name'

/** Bytes of one name: the limit of ext4, XFS, Btrfs, tmpfs, APFS and of the Linux VFS (NAME_MAX). */
const longestName = 255

/** A backslash and a colon (drives, alternate streams) lead elsewhere on Windows; elsewhere they are plain characters. */
const forbidden = sep === '\\' ? /[\0\\:]/ : /\0/

/**
 * The one spelling of a key: `a//b` and `a/./b` are `a/b`, `./a` is `a`, so that each file has one key.
 *
 * @throws INVALID_KEY for an empty key, an absolute one, `..`, NUL, a trailing slash, a name over 255 bytes, a lone
 * surrogate (it has no UTF-8 form, and two keys would name one file), and the name of a staged file.
 */
export function normalizeKey(key: string): string {
  const refuse = (why: string): never => {
    throw new TransferError('INVALID_KEY', `A disk key ${why}. Choose another key.`, { context: { key } })
  }
  if (typeof key !== 'string' || key === '') return refuse('must be a string that is not empty')
  if (key.startsWith('/')) refuse('is relative to the root and must not start with a slash')
  if (key.endsWith('/')) refuse('names a file and must not end with a slash')
  if (forbidden.test(key)) refuse('must not hold NUL (nor, on Windows, a backslash or a colon)')
  if (/\p{Surrogate}/u.test(key)) refuse('must be well-formed Unicode')
  const names = key.split('/').filter((name) => name !== '' && name !== '.')
  const last = names.at(-1)
  if (last === undefined) return refuse('must name a file')
  if (names.includes('..')) refuse("must not hold '..'")
  if (names.some((name) => Buffer.byteLength(name) > longestName)) {
    refuse(`must not hold a name over ${longestName} bytes`)
  }
  if (isStagedName(last)) refuse('must not be the name of a staged file')
  return names.join('/')
}
