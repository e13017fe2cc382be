import { describe, expect, it } from 'vitest'
import { ProgressReports } from '../../../src/integrations/bullmq/progress-reports'

const at = (bytes: number) => ({ bytes, bytesPerSecond: 1, parts: 0 })

function reportsTo(updateProgress: (progress: { bytes: number }) => Promise<void>, interval: number) {
  const job = { id: '1', name: 'move', data: {}, updateProgress, moveToDelayed: async () => {} }
  return new ProgressReports(job as never, interval)
}

describe('the reports of progress to a job', () => {
  it('are spaced, and end with the last', async () => {
    const seen: number[] = []
    const reports = reportsTo(async ({ bytes }) => void seen.push(bytes), 60_000)
    for (const bytes of [1, 2, 3]) reports.report(at(bytes))
    expect(seen).toEqual([1])
    await reports.end()
    expect(seen).toEqual([1, 3])
  })

  it('are made one at a time', async () => {
    const seen: number[] = []
    let release = () => {}
    const reports = reportsTo(({ bytes }) => {
      seen.push(bytes)
      return new Promise((resolve) => {
        release = resolve
      })
    }, 0)
    for (const bytes of [1, 2, 3]) reports.report(at(bytes))
    expect(seen).toEqual([1])
    release()
    const end = reports.end()
    await Promise.resolve()
    setImmediate(() => release())
    await end
    expect(seen).toEqual([1, 3])
  })

  it('that fail or never end harm nothing', async () => {
    const failing = reportsTo(async () => Promise.reject(new Error('the job is gone')), 0)
    failing.report(at(1))
    await expect(failing.end()).resolves.toBeUndefined()
    const silent = reportsTo(() => new Promise(() => {}), 0)
    silent.report(at(1))
    await expect(silent.end()).resolves.toBeUndefined()
  })
})
