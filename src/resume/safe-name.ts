import { createHash } from 'node:crypto'
import { TransferError } from '../contract/errors'

/**
 * A name for the id that no file system and no database folds, cuts, normalises or takes for a path: two ids never
 * share one, though they differ only in case or in Unicode normalisation. Plain ids stay readable.
 */
export function safeName(id: string): string {
  if (/^[a-z0-9_-]{1,100}$/.test(id)) return id
  // Not UTF-8, in which all lone surrogates are the same. No plain id has a tilde.
  return `~${createHash('sha256').update(Buffer.from(id, 'utf16le')).digest('hex')}`
}

/** @throws INVALID_OPTION for what is no string, before it is hashed as one */
export function requireId(id: unknown): string {
  if (typeof id === 'string') return id
  throw new TransferError('INVALID_OPTION', 'The id of a checkpoint must be a string: give one.', {
    context: { option: 'checkpoint.id' },
  })
}
