import { onTestFinished, vi } from 'vitest'

/** Timers of more than a second that were set from now on and neither fired nor were cleared. */
export function longTimers(): Set<unknown> {
  const running = new Set<unknown>()
  const { setTimeout: set, clearTimeout: clear } = globalThis
  vi.stubGlobal('setTimeout', (work: () => void, delay: number) => {
    const timer = set(() => {
      running.delete(timer)
      work()
    }, delay)
    if (delay > 1000) running.add(timer)
    return timer
  })
  vi.stubGlobal('clearTimeout', (timer: NodeJS.Timeout) => {
    running.delete(timer)
    clear(timer)
  })
  onTestFinished(() => void vi.unstubAllGlobals())
  return running
}
