import { errno } from '../contract/errno'
import { TransferError, type TransferErrorCode } from '../contract/errors'

export type StoreOperation = 'load' | 'save' | 'delete'

interface Meaning {
  readonly code: TransferErrorCode
  readonly permanent?: true
  readonly advice: string
}

const denied: Meaning = {
  code: 'ACCESS_DENIED',
  permanent: true,
  advice: 'Give this process the right to write there, or choose another place.',
}
const full: Meaning = { code: 'NO_SPACE', advice: 'Free some space or raise the quota.' }
const misplaced: Meaning = {
  code: 'SINK_FAILED',
  permanent: true,
  advice: 'The place for checkpoints must be a folder, and hold nothing else of that name.',
}
const other: Meaning = { code: 'SINK_FAILED', advice: 'See the cause, and check the place for checkpoints.' }

const meanings: Readonly<Record<string, Meaning>> = {
  EACCES: denied,
  EPERM: denied,
  EROFS: denied,
  ENOSPC: full,
  EDQUOT: full,
  EISDIR: misplaced,
  ENOTDIR: misplaced,
  EEXIST: misplaced,
  ENOTEMPTY: misplaced,
  ELOOP: misplaced,
}

/**
 * The failure of a checkpoint store. It never has the code of a lost session or a missing object, which would be
 * taken for news of the transfer itself.
 */
export function storeError(error: unknown, operation: StoreOperation, id: string): TransferError {
  if (TransferError.is(error)) return error
  const code = errno(error)
  const { permanent, advice, ...meaning } = (code && meanings[code]) || other
  return new TransferError(
    meaning.code,
    `Cannot ${operation} the checkpoint ${JSON.stringify(id)}${code ? ` (${code})` : ''}. ${advice}`,
    {
      retry: permanent ? 'permanent' : 'temporary',
      context: { checkpoint: id, operation, errno: code },
      cause: error,
    },
  )
}

/** The store did not answer in time; what it was asked may still happen. */
export function storeTimeout(operation: StoreOperation, id: string, milliseconds: number): TransferError {
  const what = `The place for checkpoints has not answered for ${milliseconds} ms: check it.`
  return new TransferError('TIMEOUT', `Cannot ${operation} the checkpoint ${JSON.stringify(id)}. ${what}`, {
    retry: 'temporary',
    context: { checkpoint: id, operation },
  })
}
