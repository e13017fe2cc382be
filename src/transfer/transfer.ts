import type { NewObject, Sink, WriteSession } from '../contract/sink'
import type { ObjectAttributes, ObjectInfo, Source } from '../contract/source'
import { carryAttributes } from './attributes'
import { begin, standsAlready } from './begin'
import { cleanUp, firstCause } from './clean-up'
import { type Concluded, commit } from './commit'
import { cutParts } from './cut-parts'
import { moveParts } from './move-parts'
import { resolveOptions, type TransferOptions } from './options'
import { putWhole } from './put-whole'
import { report, skipped, type TransferResult } from './result'
import { Run } from './run'
import { stat } from './stat'
import { Verifier } from './verify'

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
  let session: WriteSession | undefined
  try {
    run.throwIfStopped()
    const info = await stat(run)
    if (await standsAlready(run)) return skipped(run)

    const { attributes, notCarried } = carryAttributes(info, sink, run.options.metadata)
    const object = newObject(run, info, attributes)
    const verifier = new Verifier(run, info)
    const { parts, partSize } = cutParts(run, info, verifier)
    try {
      const first = await parts.first()
      let concluded: Concluded
      if (first.whole) {
        concluded = await putWhole(run, object, first, info, verifier)
      } else {
        session = await begin(run, object)
        const receipts = await moveParts(run, session, parts, verifier)
        concluded = await commit(run, session, receipts, info, verifier)
      }
      return report(run, concluded, partSize, verifier, notCarried)
    } finally {
      parts.end()
    }
  } catch (error) {
    const failure = await cleanUp(run, session, firstCause(run, error))
    if (failure.code === 'ALREADY_EXISTS' && run.options.ifExists === 'skip') return skipped(run)
    throw failure
  } finally {
    run.end()
  }
}

function newObject(run: Run, info: ObjectInfo, attributes: ObjectAttributes): NewObject {
  return {
    ...(info.size !== undefined && { size: info.size }),
    attributes,
    createOnly: run.options.ifExists !== 'overwrite',
  }
}
