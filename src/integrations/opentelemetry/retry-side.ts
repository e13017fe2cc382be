import type { ObservedTransfer } from '../../contract/diagnostics'
import type { TransferEvent } from '../../contract/events'

/** Whose failure it was: errors name the location they come from. A part has two of them. */
export function sideOf(
  { operation, error }: Extract<TransferEvent, { type: 'retry' }>,
  { source }: ObservedTransfer,
): 'source' | 'sink' | 'checkpoint' {
  if (operation === 'checkpoint') return 'checkpoint'
  return error.context.location === source ? 'source' : 'sink'
}
