import type { Agent } from 'node:http'
import type { ConnectionPool } from './freshness'
import { dropFreeSockets } from './socket-keeper'

/** Gives the agents as they are at that moment: clients make theirs late. */
export interface AgentsOwner {
  agents(): Iterable<Agent>
}

/**
 * Agents of clients that were handed in. Their idle sockets are closed with those of the lifecycle; what such an agent
 * does else is its own affair, so the sockets in use go on being used, and their age is not looked at.
 */
export class AdoptedAgents implements ConnectionPool {
  /** A lifecycle may outlive many clients. */
  readonly #owners = new Set<WeakRef<AgentsOwner>>()

  adopt(owner: AgentsOwner): void {
    for (const known of this.#owners) if (known.deref() === owner) return
    this.#owners.add(new WeakRef(owner))
  }

  dropIdle(): void {
    for (const reference of this.#owners) {
      const owner = reference.deref()
      if (!owner) this.#owners.delete(reference)
      for (const agent of owner?.agents() ?? []) dropFreeSockets(agent)
    }
  }

  dropStale(): void {}

  /** They stay open with their clients. */
  destroy(): void {}
}
