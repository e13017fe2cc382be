import type { Resource } from './resource'
import { saysYes } from './says-yes'

export interface ResourceLimits {
  /** Milliseconds from when a connection was first seen. */
  readonly maxAge: number
  /** Milliseconds. */
  readonly isUsableTimeout: number
}

/** One registered resource, and what is known of its connections. */
class Registration<C> {
  /** Connections under examination: several tasks may start at once. */
  readonly #examined = new Map<C, Promise<void>>()
  /** Of connections that are objects: when each was first seen. */
  readonly #seen = new WeakMap<object, number>()
  readonly #discarded = new WeakSet<object>()

  constructor(
    private readonly resource: Resource<C>,
    private readonly limits: ResourceLimits,
  ) {}

  async examineIdle(): Promise<void> {
    await Promise.all(this.#idle().map((connection) => this.#examineOnce(connection)))
  }

  discardIdle(): void {
    for (const connection of this.#idle()) this.#discard(connection)
  }

  #examineOnce(connection: C): Promise<void> {
    const under = this.#examined.get(connection)
    if (under) return under
    const examining = this.#examine(connection).finally(() => this.#examined.delete(connection))
    this.#examined.set(connection, examining)
    return examining
  }

  async #examine(connection: C): Promise<void> {
    const { resource, limits } = this
    const ask = () => resource.isUsable?.(connection) ?? false
    if (!this.#isOld(connection) && (await saysYes(ask, limits.isUsableTimeout))) return
    // One that a task took meanwhile is the task's, whatever its state.
    if (this.#idle().includes(connection)) this.#discard(connection)
  }

  #isOld(connection: C): boolean {
    if (!isObject(connection)) return false
    const now = performance.now()
    const seen = this.#seen.get(connection) ?? now
    this.#seen.set(connection, seen)
    return now - seen >= this.limits.maxAge
  }

  /** A resource of the caller's own may fail; its tasks start all the same. */
  #idle(): C[] {
    try {
      return [...this.resource.idle()].filter((one) => !(isObject(one) && this.#discarded.has(one)))
    } catch {
      return []
    }
  }

  #discard(connection: C): void {
    if (isObject(connection)) this.#discarded.add(connection)
    void (async () => this.resource.discard(connection))().catch(() => {})
  }
}

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function'

/** The host's resources of one lifecycle. */
export class Resources {
  readonly #registered = new Set<{ examineIdle(): Promise<void>; discardIdle(): void }>()

  constructor(private readonly limits: ResourceLimits) {}

  register<C>(resource: Resource<C>): () => void {
    const registration = new Registration(resource, this.limits)
    this.#registered.add(registration)
    return () => {
      this.#registered.delete(registration)
    }
  }

  /** Asks the idle connections of all, in parallel, and discards those that do not answer. Never rejects. */
  async examineIdle(): Promise<void> {
    if (this.#registered.size === 0) return
    await Promise.all([...this.#registered].map((each) => each.examineIdle()))
  }

  /** Asks none. Never throws. */
  discardIdle(): void {
    for (const each of this.#registered) each.discardIdle()
  }

  clear(): void {
    this.#registered.clear()
  }
}
