import { describe, expect, it } from 'vitest'
import { MemoryBudget } from '../../../src/transfer/memory/memory-budget'

const never = new AbortController().signal

/** Lets every promise that can settle do so. */
const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('the memory budget', () => {
  it('grants what fits at once and makes the rest wait', async () => {
    const budget = new MemoryBudget(10)
    const first = await budget.acquire(6, never)
    let granted = false
    const second = budget.acquire(5, never).then((release) => {
      granted = true
      return release
    })
    await turn()
    expect(granted).toBe(false)
    first()
    ;(await second)()
    expect(budget.held).toBe(0)
  })

  it('serves in order, so that a large request is not starved by small ones', async () => {
    const budget = new MemoryBudget(10)
    const order: string[] = []
    const held = await budget.acquire(5, never)
    const large = budget.acquire(10, never).then((release) => {
      order.push('large')
      release()
    })
    const small = budget.acquire(1, never).then((release) => {
      order.push('small')
      release()
    })
    await turn()
    expect(order).toEqual([])
    held()
    await Promise.all([large, small])
    expect(order).toEqual(['large', 'small'])
  })

  it('grants a request for more than there is once nothing else is held', async () => {
    const budget = new MemoryBudget(10)
    const release = await budget.acquire(50, never)
    expect(budget.held).toBe(50)
    release()
    expect(budget.held).toBe(0)
  })

  it('counts a release once, however often it is called', async () => {
    const budget = new MemoryBudget(10)
    const release = await budget.acquire(4, never)
    release()
    release()
    expect(budget.held).toBe(0)
  })

  it('lets a waiting request give up, and serves those behind it', async () => {
    const budget = new MemoryBudget(10)
    const held = await budget.acquire(8, never)
    const controller = new AbortController()
    const waiting = budget.acquire(9, controller.signal)
    const behind = budget.acquire(2, never)
    controller.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    ;(await behind)()
    held()
    expect(budget.held).toBe(0)
  })

  it('serves the waiting when its total is raised', async () => {
    const budget = new MemoryBudget(1)
    await budget.acquire(1, never)
    const waiting = budget.acquire(5, never)
    budget.total = 10
    await waiting
    expect(budget.held).toBe(6)
  })
})
