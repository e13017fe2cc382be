import { type MemoryOptions, type MemoryStore, memory } from '../../../src/adapters/memory'
import type { ConformanceAdapter } from '../../../src/testing/conformance'

/** The adapter of the memory store, or of what `breakIt` makes of it. */
export function adapterOf(
  name: string,
  breakIt: (store: MemoryStore) => MemoryStore = (store) => store,
  options: MemoryOptions = {},
): ConformanceAdapter {
  return {
    name,
    without: ['copyPart'],
    async create() {
      const store = breakIt(memory(options))
      return { store, dispose: () => store.close(), leftovers: async () => store.uploads() }
    },
  }
}

export const memoryAdapter = adapterOf('memory')
