import { TransferError } from '../../contract/errors'
import type { Part, PartReceipt } from '../../contract/sink'
import type { Digests, ObjectInfo } from '../../contract/source'
import { meterTask } from '../parts/meter-task'
import { rangedPart } from '../parts/part-task'
import type { Run } from '../run'
import type { Verifier } from '../verify/verifier'
import { bytesOf, type Earlier, type KeptPart } from './resume'

/**
 * Accepts the parts an earlier run has sent, and gives the receipts of those that need not be sent again. Where the
 * source's own digest is asked for and cannot be had without their bytes, they are read again, though not sent.
 */
export async function keepParts(
  run: Run,
  { parts, partSize }: Earlier,
  info: ObjectInfo,
  verifier: Verifier,
): Promise<PartReceipt[]> {
  const kept: PartReceipt[] = []
  for (const part of parts) {
    // A digest over parts in order ends at the first that is missing: those behind it are sent again.
    if (verifier.inOrder && part.receipt.index !== kept.length) break
    if (await keep(run, part, partSize, info, verifier)) kept.push(part.receipt)
  }
  run.resumedBytes = bytesOf(kept)
  run.progress.resumed(run.resumedBytes, kept.length)
  run.emit({ type: 'resume', parts: kept.length, bytes: run.resumedBytes })
  return kept
}

/** @returns false for a part that turns out to be another: it is sent again */
async function keep(
  run: Run,
  { receipt, listed }: KeptPart,
  partSize: number,
  info: ObjectInfo,
  verifier: Verifier,
): Promise<boolean> {
  const { index, size } = receipt
  try {
    const again = verifier.needsBytes(receipt)
      ? await readAgain(run, { index, size, start: index * partSize }, info, verifier)
      : undefined
    verifier.keep(receipt, listed, again)
    return true
  } catch (error) {
    if (TransferError.is(error) && error.code === 'INTEGRITY') return false
    throw error
  }
}

async function readAgain(run: Run, part: Part, info: ObjectInfo, verifier: Verifier): Promise<Digests> {
  const task = rangedPart(run, info, part)
  // These bytes are none of what is still to be moved.
  const progress = { add: () => {}, rewind: () => {} }
  return run.request({ operation: 'verify', side: 'source', index: part.index }, async (attempt) => {
    const body = meterTask(run, task, attempt, progress, verifier.createDigester)
    for await (const _ of await body.open());
    return body.digests()
  })
}
