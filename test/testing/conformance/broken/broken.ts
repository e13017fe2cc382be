import type { MemoryStore } from '../../../../src/adapters/memory'
import type { Sink, WriteSession } from '../../../../src/contract/sink'
import type { Source } from '../../../../src/contract/source'
import type { ConformanceAdapter } from '../../../../src/testing/conformance'

export interface Broken {
  readonly name: string
  readonly store: (sound: MemoryStore) => MemoryStore
  /** What the suite must be told for it to try. */
  readonly adapter?: Partial<ConformanceAdapter>
  /** The test that finds it, and what that says. */
  readonly caughtBy: string
  readonly saying: RegExp
}

export function withSource(
  store: MemoryStore,
  wrap: (source: Source, key: string) => Partial<Source>,
): MemoryStore {
  return {
    ...store,
    source: (key, options) => {
      const source = store.source(key, options)
      return { ...source, ...wrap(source, key) }
    },
  }
}

export function withSink(store: MemoryStore, wrap: (sink: Sink, key: string) => Partial<Sink>): MemoryStore {
  return {
    ...store,
    sink: (key, options) => {
      const sink = store.sink(key, options)
      return { ...sink, ...wrap(sink, key) }
    },
  }
}

/** Wraps sessions that are begun, and those that are resumed. */
export function withSession(
  store: MemoryStore,
  wrap: (session: WriteSession, key: string) => Partial<WriteSession>,
): MemoryStore {
  return withSink(store, (sink, key) => {
    const wrapped = (session: WriteSession) => ({ ...session, ...wrap(session, key) })
    return {
      begin: async (object, context) => wrapped(await sink.begin(object, context)),
      resume: async (state, object, context) => wrapped(await sink.resume!(state, object, context)),
    }
  })
}
