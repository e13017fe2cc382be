import { describe as nodeDescribe, it as nodeIt } from 'node:test'
import { describe, expect, it } from 'vitest'
import { conformance, type TestRunner } from '../../../src/testing/conformance'
import { withSession } from './broken/broken'
import { adapterOf, memoryAdapter } from './memory-adapter'
import { createRecorder } from './recorder'

const leaving = adapterOf('leaving', (sound) => withSession(sound, () => ({ abort: async () => {} })))
const gap = 'an abort leaves no trace'

function recorded(...args: [Parameters<typeof conformance>[1]]) {
  const recorder = createRecorder()
  conformance(recorder.runner, ...args)
  return recorder
}

describe('known gaps', () => {
  it('a gap that is still there passes, under a name that gives its reason', async () => {
    const recorder = recorded({ ...leaving, knownGaps: { [gap]: 'the backend has no abort' } })
    expect(recorder.names()).not.toContain(gap)
    expect(await recorder.run(`${gap} (known gap: the backend has no abort)`)).toBeUndefined()
  })

  it('a gap that is closed fails, and says that it is to be taken off the list', async () => {
    const recorder = recorded({ ...memoryAdapter, knownGaps: { [gap]: 'the backend has no abort' } })
    const error = await recorder.run(`${gap} (known gap: the backend has no abort)`)
    expect(error?.message).toContain('take it off the known gaps')
  })

  it('a gap that names no test is refused', () => {
    const misspelt = { ...memoryAdapter, knownGaps: { 'an abort leaves no traces': 'none' } }
    expect(() => recorded(misspelt)).toThrow('an abort leaves no traces')
  })
})

describe('optional members', () => {
  const members = 'has exactly the optional members it is said to have'

  it('leave their tests out where the adapter is without them', () => {
    const all = recorded({ ...memoryAdapter, without: [] }).names()
    const some = recorded({ ...memoryAdapter, without: ['put', 'resume'] }).names()
    expect(all).toContain('a put makes the object, whatever its size')
    expect(some).not.toContain('a put makes the object, whatever its size')
    expect(some.length).toBeLessThan(all.length)
  })

  it('leave no group without tests behind', () => {
    expect(recorded({ ...memoryAdapter, without: ['put'] }).groups).not.toContain('put')
  })

  it('that are there although the adapter is said to be without them fail a test', async () => {
    const error = await recorded({ ...memoryAdapter, without: ['copyPart', 'put'] }).run(members)
    expect(error?.message).toContain('put: there')
  })

  it('that are missing although nothing says so fail a test', async () => {
    const error = await recorded({ ...memoryAdapter, without: [] }).run(members)
    expect(error?.message).toContain('copyPart: missing')
  })
})

describe('secrets', () => {
  it('that an error shows fail the test which caused it', async () => {
    const adapter = {
      ...memoryAdapter,
      create: async () => ({ ...(await memoryAdapter.create()), secrets: ['missing'] }),
    }
    const error = await recorded(adapter).run('a missing object is NOT_FOUND')
    expect(error?.message).toContain('shows a secret')
  })
})

describe('test runners', () => {
  it('of vitest and node fit as they are', () => {
    const runners: TestRunner[] = [
      { describe, it },
      { describe: nodeDescribe, it: nodeIt },
    ]
    expect(runners).toHaveLength(2)
  })
})

describe('the names of the tests', () => {
  it('are unique, since known gaps are listed by them', () => {
    // The recorder throws at the second test of a name.
    expect(recorded({ ...memoryAdapter, without: [] }).names().length).toBeGreaterThan(100)
  })
})
