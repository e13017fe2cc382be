import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { TransferError, type TransferErrorCode } from '../../../contract/errors'

/** Fails, rather than waiting for ever, when the promise has not settled after that many milliseconds. */
export async function within<T>(milliseconds: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const message = `${what} had not settled after ${milliseconds} ms`
    timer = setTimeout(() => reject(new assert.AssertionError({ message })), milliseconds)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** The promise must reject with a TransferError that has one of these codes, and that shows no secret. */
export async function rejects(
  what: string,
  promise: Promise<unknown>,
  codes?: readonly TransferErrorCode[],
  secrets: readonly string[] = [],
): Promise<TransferError> {
  const outcome = await promise.then(
    () => ({ rejected: false as const }),
    (error: unknown) => ({ rejected: true as const, error }),
  )
  if (!outcome.rejected) assert.fail(`${what} resolved; expected ${codes?.join(' or ') ?? 'an error'}`)
  return isTransferError(what, outcome.error, codes, secrets)
}

/** As {@link rejects}, for a call that throws at once. */
export function throws(
  what: string,
  call: () => unknown,
  codes?: readonly TransferErrorCode[],
  secrets: readonly string[] = [],
): TransferError {
  try {
    call()
  } catch (error) {
    return isTransferError(what, error, codes, secrets)
  }
  assert.fail(`${what} did not throw; expected ${codes?.join(' or ') ?? 'an error'}`)
}

export function isTransferError(
  what: string,
  error: unknown,
  codes: readonly TransferErrorCode[] | undefined,
  secrets: readonly string[],
): TransferError {
  // A limit of the suite itself that ran out says more than any comparison here.
  if (error instanceof assert.AssertionError) throw error
  if (!TransferError.is(error)) {
    assert.fail(`${what} failed with ${inspect(error, { depth: 0 })}, which is no TransferError`)
  }
  if (codes)
    assert.ok(codes.includes(error.code), `${what} failed with ${error.code}, not ${codes}: ${error}`)
  assert.ok(
    ['permanent', 'temporary', 'exhausted'].includes(error.retry),
    `${what}: retry is ${inspect(error.retry)}`,
  )
  assert.ok(error.message.length > 0, `${what} failed with an empty message`)
  showsNoSecret(what, error, secrets)
  return error
}

export function showsNoSecret(what: string, value: unknown, secrets: readonly string[]): void {
  const shown = [inspect(value, { depth: 10, showHidden: true }), JSON.stringify(value) ?? '', String(value)]
  for (const secret of secrets) {
    assert.ok(!shown.some((text) => text.includes(secret)), `${what} shows a secret`)
  }
}

/** Says where two runs of bytes part, instead of printing both. */
export function sameBytes(what: string, actual: Uint8Array, expected: Uint8Array): void {
  if (Buffer.compare(actual, expected) === 0) return
  let at = 0
  while (at < actual.length && at < expected.length && actual[at] === expected[at]) at++
  assert.fail(
    `${what}: ${actual.length} bytes where ${expected.length} were expected; they differ from byte ${at} on`,
  )
}

/** Whether `wanted` is the error or one of its causes. */
export function comesFrom(error: unknown, wanted: unknown): boolean {
  for (let cause = error, depth = 0; cause !== undefined && depth < 10; depth++) {
    if (cause === wanted) return true
    cause = (cause as { cause?: unknown } | null)?.cause
  }
  return false
}
