import type { NewObject, PartReceipt, Sink, WriteSession } from '../contract/sink'
import type { ObjectAttributes, ObjectInfo, Source } from '../contract/source'
import { carryAttributes } from './attributes'
import { begin, refuseExisting } from './begin'
import { cleanUp, firstCause } from './clean-up'
import { commit } from './commit'
import type { Concluded, Ending } from './ending/ending'
import { moveParts } from './move-parts'
import { resolveOptions, type TransferOptions } from './options'
import { cutParts } from './parts/cut-parts'
import { putWhole } from './put-whole'
import { report, skipped, type TransferResult } from './result'
import { Checkpointing } from './resuming/checkpointing'
import { keepParts } from './resuming/keep-parts'
import { recognise, resume } from './resuming/resume'
import { Run } from './run'
import { stat } from './stat'
import { findSourceParts } from './verify/source-parts'
import { Verifier } from './verify/verifier'

/**
 * Moves one object from `source` to `sink` as a stream, in bounded memory, and resolves when it stands there whole and
 * checked. Until then nothing is visible at the destination, and an object that was there stays as it was.
 *
 * @throws TransferError, always; after OUTCOME_UNKNOWN alone the destination may already be new
 */
export async function transfer(
  source: Source,
  sink: Sink,
  options?: TransferOptions,
): Promise<TransferResult> {
  const run = new Run(source, sink, resolveOptions(source, sink, options))
  const checkpoint = new Checkpointing(run)
  let session: WriteSession | undefined
  try {
    run.throwIfStopped()
    const info = await stat(run)
    const { attributes, notCarried } = carryAttributes(info, sink, run.options.metadata)
    const object = newObject(run, info, attributes)
    const verifier = new Verifier(run, info, await findSourceParts(run, info))

    const earlier = await resume(run, await checkpoint.load(info), info, object, verifier)
    session = earlier?.session
    const kept = earlier ? await keepParts(run, earlier, info, verifier) : []
    if (!earlier?.committed) await refuseExisting(run)

    const cut = cutParts(run, info, verifier, earlier && { partSize: earlier.partSize, kept })
    const { parts, partSize } = cut
    const ending: Ending = {
      object,
      result: (concluded) => report(run, concluded, partSize, verifier, notCarried),
      onSettled: () => checkpoint.settled(),
    }
    try {
      let concluded: Concluded
      const first = await parts.first()
      if (earlier?.committed) {
        concluded = recognise(earlier.committed, kept, verifier)
      } else if (first?.whole) {
        concluded = await putWhole(run, ending, first, info, verifier)
      } else {
        session ??= await begin(run, object)
        await checkpoint.begin(session, info, object, partSize, kept)
        const moved = await run.withGrace(() => moveParts(run, session!, cut, verifier, checkpoint.record))
        await checkpoint.beforeCommit()
        concluded = await commit(run, session, inOrder([...kept, ...moved]), info, verifier, ending)
      }
      await checkpoint.remove()
      return ending.result(concluded)
    } finally {
      parts.end()
    }
  } catch (error) {
    const failure = await cleanUp(run, session, checkpoint, firstCause(run, error))
    if (failure.code === 'ALREADY_EXISTS' && run.options.ifExists === 'skip') return skipped(run)
    run.emit({ type: 'abort', code: failure.code, error: failure })
    throw failure
  } finally {
    run.end()
  }
}

const inOrder = (receipts: readonly PartReceipt[]) => receipts.toSorted((a, b) => a.index - b.index)

function newObject(run: Run, info: ObjectInfo, attributes: ObjectAttributes): NewObject {
  return {
    ...(info.size !== undefined && { size: info.size }),
    attributes,
    createOnly: run.options.ifExists !== 'overwrite',
  }
}
