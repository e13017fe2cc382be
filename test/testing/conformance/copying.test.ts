import { describe, expect, it } from 'vitest'
import type { MemoryStore } from '../../../src/adapters/memory'
import type { Source } from '../../../src/contract/source'
import { type ConformanceAdapter, conformance } from '../../../src/testing/conformance'
import { withSession } from './broken/broken'
import { adapterOf } from './memory-adapter'
import { createRecorder } from './recorder'

interface Faults {
  readonly ignoresVersion?: boolean
  readonly takesForeign?: boolean
  readonly shiftsRange?: boolean
}

/** Memory that copies by itself, as a gateway does between its own buckets. */
function copying(faults: Faults = {}) {
  return (sound: MemoryStore): MemoryStore => {
    const isOwn = (source: Source) => faults.takesForeign || source.location.startsWith(`${sound.name}/`)
    return withSession(sound, (session) => ({
      async copyPart(part, source, context) {
        if (!isOwn(source)) return undefined
        const start = part.start + (faults.shiftsRange && part.start > 0 ? -1 : 0)
        const version = faults.ignoresVersion ? undefined : context?.version
        const body = {
          size: part.size,
          open: () => source.open({ start, end: start + part.size }, { ...context, version }),
        }
        return session.writePart(part, body, context)
      },
    }))
  }
}

function adapter(faults?: Faults): ConformanceAdapter {
  return { ...adapterOf('memory that copies', copying(faults)), without: [] }
}

conformance({ describe, it }, adapter())

describe('a backend that copies wrongly fails the suite', () => {
  const cases: [string, Faults, string, RegExp][] = [
    [
      'one that copies another range',
      { shiftsRange: true },
      'a part copied by the backend has the bytes of its range',
      /they differ from byte/,
    ],
    [
      'one that copies a version that was not asked for',
      { ignoresVersion: true },
      'a replaced version is not copied',
      /they differ from byte 0/,
    ],
    [
      'one that copies from anywhere',
      { takesForeign: true },
      'a source of another kind is left to the caller to move',
      /undefined/,
    ],
  ]
  for (const [name, faults, test, saying] of cases) {
    it(name, async () => {
      const recorder = createRecorder()
      conformance(recorder.runner, adapter(faults))
      expect((await recorder.run(test))?.message).toMatch(saying)
    })
  }

  it('one that copies although it is said not to', async () => {
    const recorder = createRecorder()
    conformance(recorder.runner, { ...adapter(), without: ['copyPart'] })
    const error = await recorder.run('a backend that is said not to copy leaves it to the caller')
    expect(error?.message).toContain("correct 'without'")
  })
})
