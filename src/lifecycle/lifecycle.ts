import { TransferError } from '../contract/errors'
import { AdoptedAgents } from './adopted-agents'
import { type Agents, LifecycleAgents } from './agents'
import { Freshness } from './freshness'
import { internals, type LifecycleInternals } from './internals'
import { checkOptions, type LifecycleOptions } from './options'
import { pendingEvents } from './pending-events'
import type { Resource } from './resource'
import { Resources } from './resources'
import { freeBodies, runTask } from './task'

/**
 * Keeps connections fresh across forks, freezes and tasks: those of the stores, those of the caller's own requests
 * through its agents, and those of the host's resources that are registered with it.
 */
export interface Lifecycle {
  /** Keep-alive agents for the caller's own requests, too. */
  readonly agents: Agents
  /**
   * To be called where a process or thread begins. Drops idle connections; asks none, sends and opens nothing. Those in
   * use are left alone, and closed when they come back.
   */
  onFork(): void
  /**
   * To be awaited before a task. Drops idle connections of the agents and stores, lets pending socket events be read,
   * then asks the idle connections of registered resources and discards those that do not answer. Connections in use
   * are left alone, and closed when they come back. Never rejects.
   */
  onTaskStart(): Promise<void>
  /**
   * To be awaited after a task, in `finally`. Closes idle connections that are past their age; in {@link withTask},
   * also frees the bodies opened so far. Never rejects.
   */
  onTaskEnd(): Promise<void>
  /**
   * `onTaskStart`, `fn`, `onTaskEnd`. At the end, bodies that were opened in `fn` through any store are freed, even half
   * read ones; those of other tasks are not. Resolves and rejects as `fn` does. Tasks may be nested.
   */
  withTask<T>(fn: () => T | PromiseLike<T>): Promise<T>
  /** @returns a function that unregisters the resource */
  register<C>(resource: Resource<C>): () => void
  /**
   * Closes all connections of its agents and stores, in use or idle, and forgets the resources, whose connections stay
   * open. May be called twice. Without it nothing keeps the process alive.
   */
  close(): Promise<void>
}

/**
 * A lifecycle of its own, beside the default one. Opens nothing, and starts no timer before its first use.
 * @throws INVALID_OPTION naming the option
 */
export function createLifecycle(options: LifecycleOptions = {}): Lifecycle {
  checkOptions(options)
  return new ConnectionLifecycle(options)
}

const defaultIsUsableTimeout = 2000

class ConnectionLifecycle implements Lifecycle, LifecycleInternals {
  readonly freshness: Freshness
  readonly #options: LifecycleOptions
  readonly #resources: Resources
  #agents: LifecycleAgents | undefined
  #adopted: AdoptedAgents | undefined

  constructor(options: LifecycleOptions) {
    const { maxAge = Number.POSITIVE_INFINITY, isUsableTimeout = defaultIsUsableTimeout } = options
    this.#options = options
    this.freshness = new Freshness(options)
    this.#resources = new Resources({ maxAge, isUsableTimeout })
  }

  get [internals](): LifecycleInternals {
    return this
  }

  /** Made at the first use: a start-up snapshot cannot hold an agent. */
  get agents(): LifecycleAgents {
    this.#agents ??= this.#pool(new LifecycleAgents(this.freshness, { tls: this.#options.tls }))
    return this.#agents
  }

  get adopted(): AdoptedAgents {
    this.#adopted ??= this.#pool(new AdoptedAgents())
    return this.#adopted
  }

  onFork(): void {
    this.freshness.check()
    this.freshness.renew()
    this.#resources.discardIdle()
  }

  async onTaskStart(): Promise<void> {
    if (this.freshness.check()) this.#resources.discardIdle()
    this.freshness.renew()
    await pendingEvents()
    await this.#resources.examineIdle()
  }

  async onTaskEnd(): Promise<void> {
    freeBodies()
    this.#endTask()
  }

  #endTask(): void {
    if (this.freshness.check()) this.#resources.discardIdle()
    this.freshness.dropStale()
  }

  async withTask<T>(fn: () => T | PromiseLike<T>): Promise<T> {
    await this.onTaskStart()
    try {
      return await runTask(fn)
    } finally {
      // The bodies of a task around this one are not ours to free.
      this.#endTask()
    }
  }

  register<C>(resource: Resource<C>): () => void {
    checkResource(resource)
    return this.#resources.register(resource)
  }

  async close(): Promise<void> {
    this.freshness.close()
    this.#resources.clear()
  }

  #pool<P extends LifecycleAgents | AdoptedAgents>(pool: P): P {
    this.freshness.add(pool)
    return pool
  }
}

function checkResource(resource: Partial<Resource<unknown>> | undefined): void {
  const { idle, discard, isUsable } = resource ?? {}
  const fits =
    typeof idle === 'function' &&
    typeof discard === 'function' &&
    (isUsable === undefined || typeof isUsable === 'function')
  if (fits) return
  const message = 'register: a resource must have the methods idle() and discard(), and may have isUsable().'
  throw new TransferError('INVALID_OPTION', message, { context: { option: 'resource' } })
}
