let reading: Promise<void> | undefined

/**
 * Resolves when the socket events that the kernel holds by now have been read: after one whole turn of the event loop,
 * whose first half may already be over. Shared by those who ask in the same turn.
 */
export function pendingEvents(): Promise<void> {
  reading ??= new Promise((resolve) => {
    setImmediate(() => {
      reading = undefined
      setImmediate(resolve)
    })
  })
  return reading
}
