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

/** Whether it was made by createLifecycle. */
export function isLifecycle(value: unknown): value is Lifecycle {
  return typeof value === 'object' && value !== null && internals in value
}
