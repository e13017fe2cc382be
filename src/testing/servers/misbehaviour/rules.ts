import { TransferError } from '../../../contract/errors'
import type { Call, OperationName } from '../call'
import type { Fault } from './fault'
import { isFaultName } from './table'

/** Which requests go wrong, and how. */
export interface MisbehaviourRule {
  /** All that is given must hold. @default every request */
  readonly when?: {
    readonly operation?: OperationName | readonly OperationName[]
    readonly key?: string
    readonly partNumber?: number
    /** The first request to go wrong, counted from 1 among those that match. @default 1 */
    readonly nth?: number
  }
  /** How many requests go wrong. @default 1 */
  readonly times?: number
  readonly fault: Fault
}

export interface Misbehaviour {
  /** How many requests went wrong so far. */
  readonly hits: number
  /** From now on the rule does nothing. */
  stop(): void
}

interface ActiveRule {
  readonly rule: MisbehaviourRule
  seen: number
  hits: number
}

/** The rules of one server. The first that applies wins; one that has been used up stays without effect. */
export class Rules {
  #active: ActiveRule[] = []

  add(rule: MisbehaviourRule): Misbehaviour {
    const { fault, times = 1 } = rule
    if (!isFaultName(fault.type)) throw invalid(`there is no fault '${(fault as Fault).type}'`)
    if (!(times >= 1)) throw invalid('times must be 1 or more')
    const active: ActiveRule = { rule, seen: 0, hits: 0 }
    this.#active.push(active)
    return {
      get hits() {
        return active.hits
      },
      stop: () => {
        this.#active = this.#active.filter((other) => other !== active)
      },
    }
  }

  clear(): void {
    this.#active = []
  }

  take(call: Call): Fault | undefined {
    for (const active of this.#active) {
      const { when, times = 1, fault } = active.rule
      if (active.hits >= times || !matches(when, call)) continue
      active.seen += 1
      if (active.seen < (when?.nth ?? 1)) continue
      active.hits += 1
      return fault
    }
    return undefined
  }
}

function matches(when: MisbehaviourRule['when'], call: Call): boolean {
  const { operation, key, partNumber } = when ?? {}
  if (operation !== undefined && ![operation].flat().includes(call.operation)) return false
  if (key !== undefined && key !== call.key) return false
  return partNumber === undefined || String(partNumber) === call.query.get('partNumber')
}

const invalid = (message: string): TransferError =>
  new TransferError('INVALID_OPTION', `misbehave: ${message}; see the type Fault for what is known.`)
