import { TransferError } from '../contract/errors'
import type { SweepOptions } from './sweep'

const known = new Set(['olderThan', 'checkpoints', 'isOurs', 'dryRun', 'signal'])

/** @throws INVALID_OPTION naming the option: one that is misspelt must not make a dry run a real one. */
export function checkSweepOptions(options: SweepOptions): void {
  const invalid = (option: string, why: string): never => {
    throw new TransferError('INVALID_OPTION', `sweep(): option '${option}' ${why}.`, { context: { option } })
  }
  const { olderThan, checkpoints, isOurs, dryRun, signal } = options ?? {}
  const unknown = Object.keys(options ?? {}).find((option) => !known.has(option))
  if (unknown) invalid(unknown, `is unknown; known are ${[...known].join(', ')}`)
  if (typeof olderThan !== 'number' || !Number.isFinite(olderThan) || olderThan < 0) {
    invalid('olderThan', 'must be a number of milliseconds, from 0')
  }
  if (dryRun !== undefined && typeof dryRun !== 'boolean') invalid('dryRun', 'must be true or false')
  if (isOurs !== undefined && typeof isOurs !== 'function') invalid('isOurs', 'must be a function')
  if (signal !== undefined && !(signal instanceof AbortSignal)) invalid('signal', 'must be an AbortSignal')
  if (checkpoints === undefined) return
  const { store, ids } = checkpoints ?? {}
  const isIterable =
    typeof ids === 'object' && ids !== null && (Symbol.iterator in ids || Symbol.asyncIterator in ids)
  if (typeof store?.load !== 'function' || !isIterable) {
    invalid('checkpoints', 'must be { store, ids }, with ids a list of strings')
  }
}
