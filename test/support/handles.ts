import { readdirSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** What this process holds open. */
export interface Handles {
  readonly sockets: number
  /** Paths of regular files and folders; a file opened twice is there twice. */
  readonly files: readonly string[]
  /** Everything that keeps the event loop alive, by kind, such as `{ TCPSocketWrap: 2, Timeout: 1 }`. */
  readonly active: Readonly<Record<string, number>>
}

/** Linux only: it reads /proc/self/fd. */
export function openHandles(): Handles {
  const targets = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)]
    } catch {
      // The descriptor of this very reading, closed again.
      return []
    }
  })
  const active: Record<string, number> = {}
  for (const kind of process.getActiveResourcesInfo()) active[kind] = (active[kind] ?? 0) + 1
  return {
    sockets: targets.filter((target) => target.startsWith('socket:')).length,
    files: targets.filter(isFile).sort(),
    active,
  }
}

const isFile = (target: string): boolean => target.startsWith('/') && !/^\/(proc|dev|sys)\//.test(target)

/**
 * Waits for what becomes true soon after a promise has settled, such as sockets that are back to where they were.
 * Rejects with the last error of `check` when the time is over.
 *
 * @param check is not content yet when it gives false or throws, as `expect` does.
 * @param timeoutMs the longest it may take. @default 5000
 */
export async function settled(
  check: () => unknown | Promise<unknown>,
  timeoutMs: number = 5_000,
): Promise<void> {
  const end = performance.now() + timeoutMs
  for (;;) {
    try {
      if ((await check()) !== false) return
      throw new Error(`not settled after ${timeoutMs} ms`)
    } catch (error) {
      if (performance.now() >= end) throw error
    }
    await sleep(20)
  }
}
