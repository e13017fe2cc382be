import { availableParallelism } from 'node:os'
import { directReads } from '../lifecycle/direct-reads'
import { shared } from '../lifecycle/shared'
import { MemoryBudget, type Release } from './memory/memory-budget'
import { containerMemoryLimit } from './memory/memory-limit'
import { fields, integer, invalid, show } from './option-checks'
import { MiB } from './plan'

export interface Configuration {
  /**
   * Bytes that all transfers of this process may hold together.
   * @default 256 MiB, or a quarter of the container's memory limit where that is less
   */
  readonly memoryBudget?: number
  /**
   * Threads that may compute MD5s, which only Ceph needs, beside the one that moves the bytes. They start when 64 MiB are
   * to be digested, end after 5 s without work, and take 9 MiB of memory each. 0: none.
   * @default one less than the processors, at most 2; 0 where the container's memory limit is below 128 MiB
   */
  readonly digestThreads?: number
  /**
   * Whether objects of Ceph and COS are read straight into reused buffers, where nothing speaks against it. `false`
   * sends every request through Node's HTTP client: slower, and a way to tell whether a problem is of that reading.
   * @default true
   */
  readonly directReads?: boolean
}

interface Settings {
  budget?: MemoryBudget
  digestThreads?: number
}

/** Of all copies of this package: two budgets would allow twice the memory. */
const settings = () => shared('settings', (): Settings => ({}))

/** Sets what holds for the whole process. @throws INVALID_OPTION */
export function configure(configuration: Configuration): void {
  const known = ['memoryBudget', 'digestThreads', 'directReads']
  const { memoryBudget, digestThreads, directReads: allowed } = fields('options', configuration, known)
  if (allowed !== undefined && typeof allowed !== 'boolean') {
    throw invalid('directReads', `must be true or false, but is ${show(allowed)}`)
  }
  if (memoryBudget !== undefined) processBudget().total = integer('memoryBudget', memoryBudget, MiB)
  if (digestThreads !== undefined) settings().digestThreads = integer('digestThreads', digestThreads, 0)
  if (allowed !== undefined) directReads().allowed = allowed
}

export function processBudget(): MemoryBudget {
  const holder = settings()
  holder.budget ??= new MemoryBudget(
    Math.min(256 * MiB, Math.floor((containerMemoryLimit() ?? Infinity) / 4)),
  )
  return holder.budget
}

export function processDigestThreads(): number {
  const holder = settings()
  if (holder.digestThreads === undefined) {
    const cramped = (containerMemoryLimit() ?? Infinity) < 128 * MiB
    holder.digestThreads = cramped ? 0 : Math.min(2, availableParallelism() - 1)
  }
  return holder.digestThreads
}

/** What one transfer draws on: its own share, where it has one, within that of the process. */
export interface BudgetShare {
  /** Bytes this transfer may hold at once. */
  readonly total: number
  acquire(bytes: number, signal: AbortSignal): Promise<Release>
  /** Never waits; undefined where there is not enough at once. */
  tryAcquire(bytes: number): Release | undefined
}

export function budgetShare(own: number | undefined): BudgetShare {
  const whole = processBudget()
  if (own === undefined) return whole
  const share = new MemoryBudget(own)
  return {
    total: Math.min(own, whole.total),
    async acquire(bytes, signal) {
      const releaseShare = await share.acquire(bytes, signal)
      try {
        const releaseWhole = await whole.acquire(bytes, signal)
        return () => {
          releaseWhole()
          releaseShare()
        }
      } catch (error) {
        releaseShare()
        throw error
      }
    },
    tryAcquire(bytes) {
      const releaseShare = share.tryAcquire(bytes)
      const releaseWhole = releaseShare && whole.tryAcquire(bytes)
      if (!releaseWhole) {
        releaseShare?.()
        return undefined
      }
      return () => {
        releaseWhole()
        releaseShare()
      }
    },
  }
}
