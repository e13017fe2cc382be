import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { conformance } from '../../../src/testing/conformance'
import type { Broken } from './broken/broken'
import { brokenFinishing } from './broken/finishing'
import { brokenReading } from './broken/reading'
import { brokenWriting } from './broken/writing'
import { adapterOf } from './memory-adapter'
import { createRecorder } from './recorder'

/** Milliseconds; what is broken by hanging would otherwise take the suite's usual five seconds each. */
const patience = 250

async function outcome(
  test: string,
  adapter: Broken['adapter'],
  breakIt?: Broken['store'],
): Promise<Error | undefined> {
  const recorder = createRecorder()
  conformance(recorder.runner, { ...adapterOf('broken', breakIt), patience, ...adapter })
  return recorder.run(test)
}

describe('an adapter that is broken on purpose fails the suite', () => {
  let listeners: NodeJS.UnhandledRejectionListener[] = []

  // One of them rejects promises unhandled, which is for the suite to find, not for vitest.
  beforeEach(() => {
    listeners = process.listeners('unhandledRejection')
    process.removeAllListeners('unhandledRejection')
  })

  afterEach(() => {
    for (const listener of listeners) process.on('unhandledRejection', listener)
  })

  for (const { name, store, adapter, caughtBy, saying } of [
    ...brokenReading,
    ...brokenWriting,
    ...brokenFinishing,
  ]) {
    it(`one that ${name}`, async () => {
      const error = await outcome(caughtBy, adapter, store)
      expect(error, `"${caughtBy}" passed`).toBeDefined()
      expect(error!.message).toMatch(saying)
      expect(await outcome(caughtBy, adapter), `"${caughtBy}" fails for a sound adapter too`).toBeUndefined()
    })
  }
})
