import { TransferError } from '../../contract/errors'

export function invalid(option: string, problem: string): TransferError {
  return new TransferError('INVALID_OPTION', `Option ${option} ${problem}.`, { context: { option } })
}
