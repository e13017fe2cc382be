import { TransferError } from '../contract/errors'
import type { NewObject, WriteSession } from '../contract/sink'
import { abandon } from './clean-up'
import type { Run } from './run'

/** Begins a write session. One that comes into being after nobody waits for it any more is aborted. */
export function begin(run: Run, object: NewObject): Promise<WriteSession> {
  return run.request(
    { operation: 'begin', side: 'sink', late: (session) => abandon(run, session) },
    ({ signal }) => run.sink.begin(object, run.context(signal)),
  )
}

/** @returns true when the object is there and is to be left as it is */
export async function standsAlready(run: Run): Promise<boolean> {
  const { ifExists } = run.options
  if (ifExists === 'overwrite') return false
  const existing = await run.request({ operation: 'stat', side: 'sink' }, async ({ signal }) =>
    run.sink.stat?.(run.context(signal)),
  )
  if (!existing) return false
  if (ifExists === 'skip') return true
  throw new TransferError('ALREADY_EXISTS', `${run.sink.location} exists already, and ifExists is 'fail'.`, {
    context: { location: run.sink.location },
  })
}
