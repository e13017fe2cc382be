import type { Store } from '../../contract/store'
import type { HoldsUnfinished } from '../../resume/unfinished'
import { invalidKey } from './errors'
import { list } from './list'
import { createBucket } from './objects'
import { type MemoryLimits, memorySink } from './sink'
import { memorySource } from './source'
import { unfinishedUploads } from './unfinished'

/** Has no UTF-8 form: two keys with one would become the same key on the way to any real store. */
const loneSurrogate = /\p{Surrogate}/u

/** Limits that real backends have, for tests of code that must respect them. Bytes; a missing one means: no limit. */
export interface MemoryOptions extends MemoryLimits {
  /** What the store is called in messages. @default 'memory' */
  readonly name?: string
}

export interface MemoryStore extends Store, HoldsUnfinished {
  /** Keys of the sessions that were begun and neither committed nor aborted. */
  uploads(): string[]
}

/**
 * A store in this process's memory: the shortest complete reading of the contracts, for tests and examples.
 * Nothing is shared between two stores, and nothing outlives the process.
 */
export function memory(options: MemoryOptions = {}): MemoryStore {
  const { name = 'memory', ...limits } = options
  const bucket = createBucket(name)
  const cleanups = new Set<Promise<void>>()

  function checked(key: string): string {
    if (typeof key !== 'string' || key === '' || loneSurrogate.test(key)) throw invalidKey(name, key)
    return key
  }

  return {
    name,
    source: (key, options) => memorySource(bucket, checked(key), options),
    sink: (key, attributes = {}) => memorySink(bucket, checked(key), attributes, limits, cleanups),
    list: (prefix = '', options = {}) => list(bucket, prefix, options),
    uploads: () => [...bucket.uploads.values()].map((upload) => upload.key),
    unfinished: () => unfinishedUploads(bucket),
    async close() {
      await Promise.all(cleanups)
    },
  }
}
