import { describe, expect, it } from 'vitest'
import { childSignal } from '../../../src/transfer/attempts/child-signal'

describe('a child signal', () => {
  it.each([0, 1])('fires with parent %i, and with its reason', (nth) => {
    const parents = [new AbortController(), new AbortController()]
    const { signal } = childSignal(...parents.map((parent) => parent.signal))
    expect(signal.aborted).toBe(false)
    parents[nth]!.abort('late')
    expect(signal.reason).toBe('late')
  })

  it('has fired where a parent has, and the first of them gives the reason', () => {
    const { signal } = childSignal(undefined, AbortSignal.abort('first'), AbortSignal.abort('second'))
    expect(signal.reason).toBe('first')
  })

  it('fires on its own without its parents', () => {
    const parent = new AbortController()
    const { signal, abort } = childSignal(parent.signal)
    abort('own')
    expect(signal.reason).toBe('own')
    expect(parent.signal.aborted).toBe(false)
  })

  it('has let go of all its parents once it has ended', () => {
    const parents = [new AbortController(), new AbortController()]
    const { signal, end } = childSignal(...parents.map((parent) => parent.signal))
    end()
    for (const parent of parents) parent.abort()
    expect(signal.aborted).toBe(false)
  })
})
