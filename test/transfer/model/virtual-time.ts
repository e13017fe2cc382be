import { vi } from 'vitest'

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

let working = 0

/**
 * Timers fire in their order and without waiting: a hang, a timeout or a grace period costs nothing, and a run depends
 * on nothing but its seed. Microtasks and `setImmediate` stay real.
 */
export function startVirtualTime(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] })
}

export function stopVirtualTime(): void {
  vi.useRealTimers()
}

/** The clock stands still while this goes on, as its end takes real time. */
export async function inRealTime<T>(work: () => Promise<T>): Promise<T> {
  working += 1
  try {
    return await work()
  } finally {
    working -= 1
  }
}

/** Lets time go on until the promise has settled. @throws when it has not after `limit` virtual milliseconds */
export async function elapse<T>(work: Promise<T>, limit: number): Promise<T> {
  const end = performance.now() + limit
  const state = { settled: false }
  const settle = () => {
    state.settled = true
  }
  work.then(settle, settle)
  while (!state.settled) {
    await turn()
    if (working > 0 || state.settled) continue
    if (vi.getTimerCount() === 0) throw new Error('it hangs: nothing is left that could wake it')
    vi.advanceTimersToNextTimer()
    if (performance.now() > end) throw new Error(`it hangs: not settled after ${limit} ms`)
  }
  return work
}

/** Lets whatever can happen without a timer happen. */
export async function settle(): Promise<void> {
  for (let count = 0; count < 5 || working > 0; count += 1) await turn()
}
