import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { credentialsCache } from '../../../src/adapters/object-store/credentials'

interface Keys {
  readonly id: number
}

function provider(lifetime?: number) {
  let calls = 0
  const expiring = () => (lifetime === undefined ? {} : { expiration: new Date(Date.now() + lifetime) })
  const fetch = async () => ({ id: ++calls, ...expiring() })
  return { fetch, calls: () => calls }
}

const unchecked = () => {}

describe('credentials', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
  afterEach(() => void vi.useRealTimers())

  it('are used as they are where they are no function, and have no hope once they have expired', async () => {
    const keys = { id: 1 }
    const cache = credentialsCache<Keys>(keys, unchecked)
    expect(await cache.get()).toBe(keys)
    expect(cache.invalidate(keys)).toBe(false)
  })

  it('are asked for once, also by callers at the same time', async () => {
    const { fetch, calls } = provider()
    const cache = credentialsCache<Keys>(fetch, unchecked)
    await Promise.all([cache.get(), cache.get()])
    await cache.get()
    expect(calls()).toBe(1)
  })

  it('are asked for again before they expire', async () => {
    const { fetch, calls } = provider(600_000)
    const cache = credentialsCache<Keys>(fetch, unchecked)
    await cache.get()
    vi.advanceTimersByTime(530_000)
    await cache.get()
    expect(calls()).toBe(1)
    vi.advanceTimersByTime(15_000)
    await cache.get()
    expect(calls()).toBe(2)
  })

  it('are used for half of a life shorter than the margin', async () => {
    const { fetch, calls } = provider(30_000)
    const cache = credentialsCache<Keys>(fetch, unchecked)
    await cache.get()
    vi.advanceTimersByTime(14_000)
    await cache.get()
    expect(calls()).toBe(1)
  })

  it('are replaced once they are called expired, whoever says so first', async () => {
    const { fetch, calls } = provider()
    const cache = credentialsCache<Keys>(fetch, unchecked)
    const old = await cache.get()
    expect(cache.invalidate(old)).toBe(true)
    const fresh = await cache.get()
    expect(cache.invalidate(old)).toBe(true)
    expect(await cache.get()).toBe(fresh)
    expect(calls()).toBe(2)
  })

  it('have no hope where the replacement is called expired at once', async () => {
    const cache = credentialsCache<Keys>(provider().fetch, unchecked)
    cache.invalidate(await cache.get())
    expect(cache.invalidate(await cache.get())).toBe(false)
    vi.advanceTimersByTime(60_000)
    cache.invalidate(await cache.get())
    await cache.get()
    vi.advanceTimersByTime(60_000)
    expect(cache.invalidate(await cache.get())).toBe(true)
  })

  it('are asked for again after the function failed', async () => {
    let fails = true
    const cache = credentialsCache<Keys>(async () => {
      if (fails) throw new Error('no network')
      return { id: 1 }
    }, unchecked)
    await expect(cache.get()).rejects.toMatchObject({ code: 'ACCESS_DENIED', retry: 'temporary' })
    fails = false
    expect(await cache.get()).toEqual({ id: 1 })
  })
})
