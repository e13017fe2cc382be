import { afterEach, describe, expect, it, vi } from 'vitest'
import { JobLock } from '../../../src/integrations/bullmq/job-lock'

/** A lock in a Redis that gives this answer to every script. */
function lockWith(answer: () => Promise<unknown>) {
  const lost = vi.fn()
  const client = Promise.resolve({ defineCommand() {}, runCommand: answer })
  const queue = { name: 'transfers', toKey: (type: string) => `bull:transfers:${type}`, client }
  return { lock: new JobLock(queue, '7', 'token', lost), lost }
}

describe('the lock of a job', () => {
  afterEach(() => void vi.useRealTimers())

  it('is confirmed where Redis says that it is held', async () => {
    const { lock, lost } = lockWith(async () => 1)
    await lock.confirm()
    expect(lost).not.toHaveBeenCalled()
  })

  it('is lost where it is not, whatever is asked, and whoever runs the job hears of it', async () => {
    const refused = { code: 'SESSION_LOST', context: { job: '7', lockLost: true } }
    const asks = [
      (lock: JobLock) => lock.confirm(),
      (lock: JobLock) => lock.save('field', 'value'),
      (lock: JobLock) => lock.delete('field'),
    ]
    for (const ask of asks) {
      const { lock, lost } = lockWith(async () => 0)
      await expect(ask(lock)).rejects.toMatchObject(refused)
      expect(lost).toHaveBeenCalledExactlyOnceWith(expect.objectContaining(refused))
    }
    const { lock, lost } = lockWith(async () => [0, 'value'])
    expect(await lock.load('field')).toBe('value')
    expect(lost).toHaveBeenCalledOnce()
  })

  it.each([
    ['fails', async () => Promise.reject(new Error('READONLY'))],
    ['stays silent', () => new Promise(() => {})],
  ])('is neither held nor lost where Redis %s', async (_, answer) => {
    vi.useFakeTimers()
    const { lock, lost } = lockWith(answer)
    const confirmed = expect(lock.confirm()).rejects.toMatchObject({
      code: 'SINK_FAILED',
      retry: 'temporary',
    })
    await vi.advanceTimersByTimeAsync(5000)
    await confirmed
    expect(lost).not.toHaveBeenCalled()
  })
})
