import type * as http from 'node:http'
import type { Context } from '../../contract/source'
import { directReads } from '../../lifecycle/direct-reads'
import { mayBeProxied } from '../../lifecycle/environment-proxies'
import { Holder } from '../../lifecycle/holder'
import { internalsOf } from '../../lifecycle/internals'
import type { Lifecycle } from '../../lifecycle/lifecycle'
import { DirectGet, type DirectRequest, type DirectResponse } from './direct-get/direct-get'

/** How the requests of one call are sent. */
export interface Connections {
  readonly http: http.Agent
  readonly https: http.Agent
  /** As {@link DirectGet.get}. */
  direct(request: DirectRequest, signal?: AbortSignal): Promise<DirectResponse | undefined>
}

/** The connections of one store. They are those of lifecycles, which share them among all their stores. */
export class StoreConnections {
  readonly #own: Lifecycle
  readonly #holder = new Holder()
  /** By lifecycle and limit of connecting: a store is called in the same way again and again. */
  readonly #known = new WeakMap<Lifecycle, Map<number | undefined, Connections>>()

  constructor(own: Lifecycle) {
    this.#own = own
  }

  /** The lifecycle of the transfer, if it has one, goes before that of the store. */
  of({ lifecycle = this.#own, connectTimeout }: Context): Connections {
    const known = this.#known.get(lifecycle) ?? new Map<number | undefined, Connections>()
    const connections = known.get(connectTimeout) ?? this.#make(lifecycle, connectTimeout)
    this.#known.set(lifecycle, known.set(connectTimeout, connections))
    return connections
  }

  #make(lifecycle: Lifecycle, connectTimeout: number | undefined): Connections {
    const holder = this.#holder
    const agents = internalsOf(lifecycle).agents.for({ connectTimeout, holder })
    return {
      ...agents,
      async direct(request, signal) {
        // A proxy is asked in another way, which the agents know.
        if (!directReads().allowed || mayBeProxied(request.protocol)) return undefined
        return directOf(lifecycle).get(request, { signal, connectTimeout, holder })
      },
    }
  }

  /** Closes the connections this store holds, in use or idle, and no other's. */
  close(): void {
    this.#holder.close()
  }
}

const pools = new WeakMap<Lifecycle, DirectGet>()

function directOf(lifecycle: Lifecycle): DirectGet {
  const known = pools.get(lifecycle)
  if (known) return known
  const { freshness, agents } = internalsOf(lifecycle)
  const pool = new DirectGet(freshness, agents)
  freshness.add(pool)
  pools.set(lifecycle, pool)
  return pool
}
