import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { TransferError } from '../../../src/contract/errors'
import { backoffDelay, RetryAllowance, retrying } from '../../../src/transfer/attempts/retry'

const quick = { retries: 4, minDelay: 0, maxDelay: 0 }
const never = new AbortController().signal
const temporary = (code: 'CONNECTION' | 'INTEGRITY' = 'CONNECTION', context = {}) =>
  new TransferError(code, 'it broke', { retry: 'temporary', context })

/** Fails with the errors in turn, then succeeds; counts its calls. */
function failing(...errors: TransferError[]) {
  const attempt = async () => {
    attempt.calls += 1
    const error = errors.shift()
    if (error) throw error
    return 'done'
  }
  attempt.calls = 0
  return attempt
}

describe('retrying', () => {
  it('tries again after a temporary error and tells of each', async () => {
    const told: number[] = []
    const attempt = failing(temporary(), temporary())
    await expect(retrying(quick, never, attempt, ({ attempt }) => told.push(attempt))).resolves.toBe('done')
    expect(told).toEqual([1, 2])
  })

  it('does not try again after a permanent error', async () => {
    const attempt = failing(new TransferError('NOT_FOUND', 'not there'))
    await expect(retrying(quick, never, attempt, () => {})).rejects.toMatchObject({
      code: 'NOT_FOUND',
      retry: 'permanent',
    })
    expect(attempt.calls).toBe(1)
  })

  it('gives up after the given number of retries, and says that it did', async () => {
    const attempt = failing(...Array.from({ length: 9 }, () => temporary()))
    await expect(retrying(quick, never, attempt, () => {})).rejects.toMatchObject({
      code: 'CONNECTION',
      retry: 'exhausted',
    })
    expect(attempt.calls).toBe(5)
  })

  it('makes one attempt when retries is 0', async () => {
    const attempt = failing(temporary())
    await expect(retrying({ ...quick, retries: 0 }, never, attempt, () => {})).rejects.toMatchObject({
      retry: 'exhausted',
    })
    expect(attempt.calls).toBe(1)
  })

  it('believes damage that comes back sooner than it believes an outage', async () => {
    const attempt = failing(...Array.from({ length: 20 }, () => temporary('INTEGRITY')))
    const many = { ...quick, retries: 12 }
    await expect(retrying(many, never, attempt, () => {})).rejects.toMatchObject({ code: 'INTEGRITY' })
    expect(attempt.calls).toBe(4)
  })

  it('does not count an outage as damage', async () => {
    const outage = Array.from({ length: 6 }, () => temporary())
    const attempt = failing(...outage, temporary('INTEGRITY'))
    await expect(retrying({ ...quick, retries: 12 }, never, attempt, () => {})).resolves.toBe('done')
  })

  it('waits as long as the backend asks', async () => {
    const delays: number[] = []
    const attempt = failing(temporary('CONNECTION', { retryAfter: 7 }))
    await retrying(quick, never, attempt, ({ delayMs }) => delays.push(delayMs))
    expect(delays).toEqual([7])
  })

  it('does not wait for longer than the window in which it may retry', async () => {
    const attempt = failing(temporary('CONNECTION', { retryAfter: 3_600_000 }))
    await expect(retrying(quick, never, attempt, () => {})).rejects.toMatchObject({ retry: 'exhausted' })
  })

  it('leaves the wait to whoever has more to wait for, such as a turn', async () => {
    const waited: number[] = []
    const attempt = failing(temporary('CONNECTION', { retryAfter: 7 }))
    const pause = async ({ delayMs }: { delayMs: number }) => {
      waited.push(delayMs)
      return 0
    }
    await expect(retrying(quick, never, attempt, () => {}, pause)).resolves.toBe('done')
    expect(waited).toEqual([7])
  })

  it('does not count the wait for a turn while others got on as an outage', () => {
    const almostAll = temporary('CONNECTION', { retryAfter: 44_000 })
    for (const excused of [0, 30_000]) {
      const allowance = new RetryAllowance(quick)
      vi.spyOn(performance, 'now').mockReturnValue(0)
      allowance.take(temporary())
      vi.spyOn(performance, 'now').mockReturnValue(30_000)
      allowance.excuse(excused)
      expect(allowance.take(almostAll)?.delayMs).toBe(excused === 0 ? undefined : 44_000)
      vi.restoreAllMocks()
    }
  })

  it('stops waiting at once when the signal fires', async () => {
    const controller = new AbortController()
    const slow = { retries: 3, minDelay: 20_000, maxDelay: 20_000 }
    const stopped = new TransferError('ABORTED', 'stopped')
    const result = retrying(
      slow,
      controller.signal,
      failing(temporary('CONNECTION', { retryAfter: 30_000 })),
      () => controller.abort(stopped),
    )
    await expect(result).rejects.toBe(stopped)
  })
})

describe('the backoff delay', () => {
  it('is a number after any count of attempts', () => {
    expect(backoffDelay(5000, { retries: 9000, minDelay: 0, maxDelay: 10 }, 0.5)).toBe(0)
    expect(backoffDelay(5000, { retries: 9000, minDelay: 1, maxDelay: 10 }, 0.5)).toBe(5)
  })

  it('lies anywhere between nothing and a bound that doubles up to the maximum', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.double({ min: 0, max: 0.999999, noNaN: true }),
        (attempt, random) => {
          const delay = backoffDelay(attempt, { retries: 1, minDelay: 200, maxDelay: 10_000 }, random)
          expect(delay).toBeGreaterThanOrEqual(0)
          expect(delay).toBeLessThanOrEqual(Math.min(10_000, 200 * 2 ** (attempt - 1)))
        },
      ),
    )
    expect(backoffDelay(3, { retries: 1, minDelay: 200, maxDelay: 10_000 }, 0.5)).toBe(400)
    expect(backoffDelay(3, { retries: 1, minDelay: 200, maxDelay: 10_000 }, 0)).toBe(0)
  })
})
