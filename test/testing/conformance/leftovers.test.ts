import { describe, expect, it } from 'vitest'
import { conformance } from '../../../src/testing/conformance'
import { memoryAdapter } from './memory-adapter'
import { createRecorder } from './recorder'

const test = 'a missing object is NOT_FOUND'

/** Runs a test that leaves nothing in a backend which says otherwise the first times it is asked. */
async function outcome(timesLeft: number, patience: number): Promise<{ error?: Error; asked: number }> {
  let asked = 0
  const leftovers = async () => {
    asked += 1
    return asked <= timesLeft ? ['half-written'] : []
  }
  const create = async () => ({ ...(await memoryAdapter.create()), leftovers })
  const recorder = createRecorder()
  conformance(recorder.runner, { ...memoryAdapter, patience, create })
  const error = await recorder.run(test)
  return { ...(error && { error }), asked }
}

describe('what a test leaves behind', () => {
  it('may be tidied up a little later', async () => {
    expect(await outcome(3, 60_000)).toEqual({ asked: 4 })
  })

  it('is looked for once where there is nothing', async () => {
    expect(await outcome(0, 60_000)).toEqual({ asked: 1 })
  })

  it('fails the test where it is still there when the patience is over', async () => {
    const { error } = await outcome(Number.POSITIVE_INFINITY, 50)
    expect(error?.message).toContain('half-written things were left behind')
  })
})
