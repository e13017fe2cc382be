import { TransferError } from '../../../src/contract/errors'

/** The calls of adapters that can go wrong. */
export type CallName =
  | 'stat'
  | 'open'
  /** The body of what was opened. */
  | 'read'
  | 'look'
  | 'put'
  | 'begin'
  | 'resume'
  | 'discard'
  | 'writePart'
  /** The bytes of a part, on their way to the sink. */
  | 'body'
  | 'listParts'
  | 'commit'
  | 'reconcile'
  | 'abort'
  | 'load'
  /** What a load gives. */
  | 'loaded'
  | 'save'
  | 'delete'

export type FaultKind =
  /** Refused, and may be asked again. */
  | 'temporary'
  | 'permanent'
  | 'throttled'
  /** The work is done, and the reply never comes. */
  | 'lost'
  /** No answer until the signal fires. */
  | 'silent'
  /** No answer at all, whatever the signal says. */
  | 'deaf'
  /** Of a body: an error after a few bytes. */
  | 'cut'
  /** Of a body: it ends early, as if that were all. */
  | 'truncated'
  /** Of a part: other bytes arrive than were sent, and the receipt says so. */
  | 'damaged'
  /** Of a load: what was saved some revisions ago. */
  | 'stale'
  /** Of a load: no checkpoint at all. */
  | 'garbage'

export interface Fault {
  readonly call: CallName
  readonly kind: FaultKind
  /** The first of these calls to go wrong, from 1. */
  readonly nth: number
  /** How many in a row. */
  readonly times: number
}

/** Kinds after which the same request can succeed: a transfer survives any one of them. */
export const survivable: readonly FaultKind[] = [
  'temporary',
  'throttled',
  'lost',
  'silent',
  'deaf',
  'cut',
  'truncated',
  'damaged',
]

/** The faults of one process, counted off as its calls are made. */
export class Faults {
  #faults: readonly Fault[]
  readonly #made = new Map<CallName, number>()
  readonly hit: Fault[] = []

  constructor(faults: readonly Fault[]) {
    this.#faults = faults
  }

  take(call: CallName): FaultKind | undefined {
    const count = (this.#made.get(call) ?? 0) + 1
    this.#made.set(call, count)
    const applies = (fault: Fault) =>
      fault.call === call && count >= fault.nth && count < fault.nth + fault.times
    const fault = this.#faults.find(applies)
    if (fault) this.hit.push(fault)
    return fault?.kind
  }

  /** From now on nothing goes wrong. */
  end(): void {
    this.#faults = []
  }

  hitAny(...calls: CallName[]): boolean {
    return this.hit.some(({ call }) => calls.includes(call))
  }
}

export const lostReply = (call: CallName) =>
  new TransferError('CONNECTION', `The reply to ${call} was lost.`, { retry: 'temporary' })

/** What such a fault answers, where it answers. */
export function refusal(call: CallName, kind: FaultKind): TransferError | undefined {
  switch (kind) {
    case 'temporary':
      return new TransferError('SERVER_ERROR', `A fault of ${call}: try again.`, { retry: 'temporary' })
    case 'permanent':
      return new TransferError('ACCESS_DENIED', `A fault of ${call}, for good.`)
    case 'throttled':
      return new TransferError('THROTTLED', `A fault of ${call}: slow down.`, {
        retry: 'temporary',
        context: { retryAfter: 20 },
      })
    default:
      return undefined
  }
}
