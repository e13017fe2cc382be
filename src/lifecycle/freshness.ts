import type { RetirementReason } from '../contract/diagnostics'
import { Heartbeat } from './heartbeat'
import { isStill, processIdentity } from './process-identity'

/** When and under which epoch a connection was made. */
export interface Stamp {
  readonly epoch: number
  /** By the monotonic clock, in milliseconds. */
  readonly born: number
}

/** Connections that one lifecycle keeps fresh. */
export interface ConnectionPool {
  /** Closes the connections that nobody uses, without a word to the peer, so that none of them is used again. */
  dropIdle(): void
  /** Closes those that nobody uses and that are too old, or have rested for too long, to be used again. */
  dropStale(): void
  /** Closes all, those in use included. */
  destroy(): void
}

export interface FreshnessOptions {
  /** Milliseconds a connection may be used for. @default no limit */
  readonly maxAge?: number
  /** Milliseconds a connection may rest between two uses. @default 50000 */
  readonly maxIdle?: number
}

/** Stays below the 65 s after which a Ceph gateway closes its side without a word. */
export const defaultMaxIdle = 50_000

/**
 * Decides which connections may be used again. Each renewal begins an epoch: connections of an earlier one are closed
 * at once where they are idle, and else when they come back; never under a request.
 */
export class Freshness {
  readonly maxAge: number
  readonly maxIdle: number
  readonly #pools = new Set<ConnectionPool>()
  readonly #heartbeat = new Heartbeat(() => this.renew())
  #epoch = 0
  #home = processIdentity()

  /** @param onMoved called when this turns out to be another process or thread than before */
  constructor(
    { maxAge, maxIdle }: FreshnessOptions = {},
    private readonly onMoved: () => void = () => {},
  ) {
    this.maxAge = maxAge ?? Number.POSITIVE_INFINITY
    this.maxIdle = maxIdle ?? defaultMaxIdle
  }

  add(pool: ConnectionPool): void {
    this.#pools.add(pool)
  }

  stamp(): Stamp {
    return { epoch: this.#epoch, born: performance.now() }
  }

  /** A connection without a stamp was made elsewhere, such as one handed over by another process. */
  isFresh(stamp: Stamp | undefined): boolean {
    return stamp?.epoch === this.#epoch && performance.now() - stamp.born < this.maxAge
  }

  /** Nobody keeps a connection past this, though the timer that should have closed it may not have run yet. */
  hasRestedTooLong(idleSince: number): boolean {
    return performance.now() - idleSince >= this.maxIdle
  }

  /** Why a connection may not be used again; undefined where it may. */
  retirement(stamp: Stamp, idleSince: number): RetirementReason | undefined {
    if (this.hasRestedTooLong(idleSince)) return 'idle'
    if (this.isFresh(stamp)) return undefined
    return stamp.epoch === this.#epoch ? 'age' : 'renewed'
  }

  /** To be called at each use, before a connection is chosen. */
  check(): void {
    if (!isStill(this.#home)) {
      this.#home = processIdentity()
      // Its timers stayed in the process that made it.
      this.#heartbeat.stop()
      this.#heartbeat.start()
      this.renew()
      this.onMoved()
      return
    }
    this.#heartbeat.start()
    if (this.#heartbeat.stoodStill()) this.renew()
  }

  renew(): void {
    this.#epoch += 1
    for (const pool of this.#pools) pool.dropIdle()
  }

  dropStale(): void {
    for (const pool of this.#pools) pool.dropStale()
  }

  /** Closes every connection and stops the clock. It can be used again. */
  close(): void {
    this.#heartbeat.stop()
    this.#epoch += 1
    for (const pool of this.#pools) pool.destroy()
  }
}
