import type { TransferOptions } from '../../src/transfer/options'

/** Bytes. Small, with the limits of both servers lowered to match: what breaks is the same, and moves faster. */
export const partSize = 64 * 1024
export const objectSize = 4 * partSize + 1234
export const smallSize = 20_000
/** Of a body that breaks off in the middle. */
export const midBody = 10_000

/**
 * Impatient, so that a fault that lasts for ever is over soon. Not below a second: a standstill of this process, on a
 * busy machine, must not be taken for a silent peer.
 */
export const quick = {
  partSize,
  timeouts: { connect: 1000, idle: 1000 },
  retry: { retries: 2, minDelay: 5, maxDelay: 20 },
} satisfies TransferOptions

/** Outlasts a server that is away for {@link outageMs}, however short the random delays turn out. */
export const stubborn = {
  ...quick,
  retry: { retries: 8, minDelay: 30, maxDelay: 200 },
} satisfies TransferOptions

/** Milliseconds a server that restarts is away. */
export const outageMs = 20
/** Milliseconds of the `Retry-After` that a throttling server sends. */
export const retryAfterMs = 1000

/** As the options of a transfer document them. */
export const defaults = {
  timeouts: { connect: 10_000, idle: 15_000 },
  retry: { retries: 12, minDelay: 200, maxDelay: 10_000 },
}
/** Milliseconds after the first failure of a request in which it may be tried again, whatever the options say. */
const retryWindow = 45_000
/** Milliseconds for which an answer to a commit or a put is waited for, in idle timeouts. */
const commitPatience = 2
/** Milliseconds in which a failed transfer cleans up, or says what it leaves behind. */
const cleanUp = 4_500
/** Milliseconds that everything else in a transfer of this size may take on a busy machine. */
const work = 5_000

type Patience = Required<Pick<TransferOptions, 'timeouts' | 'retry'>>

/** Milliseconds in which a transfer settles, one of whose requests fails for ever. */
export function boundOf({ timeouts, retry }: Patience, commits: boolean, retryAfter = 0): number {
  const { retries = 0, maxDelay = 0 } = retry
  const silence = Math.max(timeouts.idle ?? 0, timeouts.connect ?? 0) * (commits ? commitPatience : 1)
  const tries = (retries + 1) * silence + retries * Math.max(maxDelay, retryAfter)
  return Math.min(tries, silence + retryWindow + silence) + cleanUp + work
}
