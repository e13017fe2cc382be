import { TransferError, type TransferErrorCode } from '../../contract/errors'

export function notFound(location: string): TransferError {
  return fail('NOT_FOUND', `There is no object ${location}.`, { location })
}

export function sourceChanged(location: string, wanted: string, found: string): TransferError {
  return fail(
    'SOURCE_CHANGED',
    `${location} was replaced: version ${wanted} is wanted, ${found} is there. Start again with the new version.`,
    { location, wanted, found },
  )
}

export function outOfRange(location: string, start: number, end: number, size: number): TransferError {
  return fail('TRUNCATED', `${location} has ${size} bytes; bytes ${start} to ${end} are not all there.`, {
    location,
    start,
    end,
    size,
  })
}

export function alreadyExists(location: string): TransferError {
  return fail('ALREADY_EXISTS', `${location} exists, and was to be created only. Choose another key.`, {
    location,
  })
}

export function sessionLost(location: string, uploadId: unknown): TransferError {
  return fail('SESSION_LOST', `${location} has no upload ${uploadId}: begin a new one.`, {
    location,
    uploadId,
  })
}

/** The bytes on their way were not the ones that were sent: sending them again may help. */
export function damaged(location: string): TransferError {
  const message = `${location} was not written: the bytes that arrived have other digests than stated. Send them again.`
  return fail('INTEGRITY', message, { location }, 'temporary')
}

/** The receipts do not describe the object that was begun: committing the same again cannot help. */
export function incomplete(location: string, why: string): TransferError {
  return fail('INTEGRITY', `${location} was not committed: ${why}. Write what is missing, or abort.`, {
    location,
  })
}

export function wrongLength(location: string, part: number, stated: number, seen: number): TransferError {
  const code = seen < stated ? 'TRUNCATED' : 'INTEGRITY'
  const message = `Part ${part} of ${location} was not stored: its body gave ${seen} bytes, not the ${stated} stated.`
  return fail(code, message, { location, part, stated, seen }, 'temporary')
}

export function tooLarge(location: string, limit: string, allowed: number, found: number): TransferError {
  return fail('TOO_LARGE', `${location} takes ${limit} of at most ${allowed}, not ${found}.`, {
    location,
    allowed,
    found,
  })
}

export function partTooSmall(location: string, part: number, allowed: number, found: number): TransferError {
  return fail(
    'UNSUPPORTED',
    `${location} takes no part below ${allowed} bytes except the last; part ${part} has ${found}.`,
    { location, part, allowed, found },
  )
}

export function invalidKey(store: string, key: unknown): TransferError {
  return fail('INVALID_KEY', `${store} cannot hold that key: a key is a string of Unicode text, not empty.`, {
    location: store,
    key,
  })
}

/** What a signal ends a call with. A reason that already says what happened is passed on as it is. */
export function aborted(signal: AbortSignal, location: string): TransferError {
  if (TransferError.is(signal.reason)) return signal.reason
  return new TransferError('ABORTED', `The call to ${location} was aborted.`, {
    context: { location },
    cause: signal.reason,
  })
}

export function throwIfAborted(signal: AbortSignal | undefined, location: string): void {
  if (signal?.aborted) throw aborted(signal, location)
}

function fail(
  code: TransferErrorCode,
  message: string,
  context: Record<string, unknown>,
  retry: 'permanent' | 'temporary' = 'permanent',
): TransferError {
  return new TransferError(code, message, { context, retry })
}
