import { TransferError } from '../contract/errors'
import type { PartReceipt, WriteSession } from '../contract/sink'
import type { ObjectInfo } from '../contract/source'
import { unless } from '../contract/unless'
import { conclude } from './ending/conclude'
import type { Concluded, Ending } from './ending/ending'
import { receiptsFor } from './parts/receipts'
import type { Run } from './run'
import type { Verifier } from './verify/verifier'

/** Makes the object visible, once delivered, declared and stored bytes agree and the source is what it was. */
export async function commit(
  run: Run,
  session: WriteSession,
  receipts: readonly PartReceipt[],
  info: ObjectInfo,
  verifier: Verifier,
  ending: Ending,
): Promise<Concluded> {
  const size = receipts.reduce((sum, receipt) => sum + receipt.size, 0)
  const digests = verifier.whole()
  const seen = receiptsFor(run.sink, receipts)
  verifier.checkSource(digests)
  await checkUnchanged(run, info)
  return conclude(
    {
      run,
      operation: 'commit',
      pending: { size, digests, session: session.state, receipts: seen },
      ending,
      session,
      conclude(committed) {
        verifier.checkCommitted(size, digests, committed)
        return { committed, size, digests, parts: receipts.length }
      },
    },
    ({ signal, touch }) => session.commit(seen, { ...run.context(signal), touch }),
  )
}

/** Reads pinned to a version prove each part; this proves that they all were of the version that is there now. */
export async function checkUnchanged(run: Run, info: ObjectInfo): Promise<void> {
  if (run.source.sequential || info.size === undefined) return
  const now = await unless(
    'NOT_FOUND',
    run.request({ operation: 'verify', side: 'source' }, ({ signal }) =>
      run.source.stat(run.context(signal)),
    ),
  )
  if (now?.version === info.version && now.size === info.size) return
  throw new TransferError(
    'SOURCE_CHANGED',
    `${run.source.location} was ${now ? 'replaced' : 'removed'} while it was read; transfer it again.`,
    { context: { location: run.source.location } },
  )
}
