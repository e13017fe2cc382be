import type { TransferError } from '../contract/errors'
import type { AdoptedAgents } from './adopted-agents'
import type { LifecycleAgents } from './agents'
import type { Freshness } from './freshness'
import type { Lifecycle } from './lifecycle'
import { sharedKey } from './shared'

/** What the stores need of a lifecycle, which may have been made by another copy of this package. */
export interface LifecycleInternals {
  readonly freshness: Freshness
  readonly agents: LifecycleAgents
  readonly adopted: AdoptedAgents
}

export const internals: unique symbol = sharedKey('lifecycle-internals') as never

export function internalsOf(lifecycle: Lifecycle): LifecycleInternals {
  return (lifecycle as unknown as { [internals]: LifecycleInternals })[internals]
}

/** The option `lifecycle` as it was given. @throws what `invalid` makes, for anything not made by createLifecycle */
export function checkLifecycle(
  value: unknown,
  invalid: (option: string, problem: string) => TransferError,
): Lifecycle | undefined {
  if (value === undefined || isLifecycle(value)) return value
  throw invalid('lifecycle', 'must be made by createLifecycle')
}

/** Whether it was made by createLifecycle, of this copy of the package or another. */
export function isLifecycle(value: unknown): value is Lifecycle {
  return typeof value === 'object' && value !== null && internals in value
}
