import { TransferError, type TransferErrorCode } from './errors'

/** What `work` gives, or `undefined` where it fails with that code. */
export async function unless<T>(code: TransferErrorCode, work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (TransferError.is(error) && error.code === code) return undefined
    throw error
  }
}
