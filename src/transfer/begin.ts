import { TransferError } from '../contract/errors'
import type { NewObject, WriteSession } from '../contract/sink'
import { graceful } from './attempts/graceful'
import { abandon } from './clean-up'
import type { Run } from './run'

/** Milliseconds a request for a session may go on after an abort: a session whose name never came is hard to find. */
const beginGrace = 1000

/** Begins a write session. One that comes into being after nobody waits for it any more is aborted. */
export async function begin(run: Run, object: NewObject): Promise<WriteSession> {
  run.throwIfStopped()
  const grace = graceful(run.signal, beginGrace)
  const late = (session: WriteSession) => void abandon(run, session)
  try {
    return await run.request({ operation: 'begin', side: 'sink', signal: grace.signal, late }, ({ signal }) =>
      run.sink.begin(object, run.context(signal)),
    )
  } finally {
    grace.end()
  }
}

/** @throws ALREADY_EXISTS where an object stands at the destination that is not to be replaced */
export async function refuseExisting(run: Run): Promise<void> {
  const { ifExists } = run.options
  if (ifExists === 'overwrite') return
  const existing = await run.request({ operation: 'stat', side: 'sink' }, async ({ signal }) =>
    run.sink.stat?.(run.context(signal)),
  )
  if (!existing) return
  throw new TransferError('ALREADY_EXISTS', `${run.sink.location} exists already, and ifExists is 'fail'.`, {
    context: { location: run.sink.location },
  })
}
