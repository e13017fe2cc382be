import { type ConnectionPoolName, connectionChannel, type RetirementReason } from '../contract/diagnostics'

/**
 * Tells of a connection that is being opened, and later of its end.
 *
 * @param onClose registers a listener that hears whether an error closed it
 * @param retirement why it may not be used again, asked when it has closed
 */
export function connectionOpened(
  pool: ConnectionPoolName,
  onClose: (listener: (hadError: boolean) => void) => void,
  retirement: () => RetirementReason | undefined,
): void {
  if (!connectionChannel.hasSubscribers) return
  connectionChannel.publish({ type: 'opened', pool })
  onClose((hadError) => {
    const reason = retirement() ?? (hadError ? 'error' : 'closed')
    connectionChannel.publish({ type: 'retired', pool, reason })
  })
}

export function connectionReused(pool: ConnectionPoolName): void {
  if (connectionChannel.hasSubscribers) connectionChannel.publish({ type: 'reused', pool })
}
