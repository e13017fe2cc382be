import type { FileSystem } from '../../../src/adapters/disk'
import type { ModelProcess } from './process'
import { inRealTime } from './virtual-time'

type Method = (...args: unknown[]) => Promise<unknown>

/** A file system of which each call is a point, before and after, at which the process can stop. */
export function flakyFileSystem(process: ModelProcess, fs: unknown): FileSystem {
  const { promises, constants } = fs as FileSystem
  return { promises: gated(process, promises), constants } as FileSystem
}

/** Handles that calls give are gated too. */
function gated<T extends object>(process: ModelProcess, target: T): T {
  return new Proxy(target, {
    get(_, name) {
      const found = Reflect.get(target, name)
      if (typeof found !== 'function') return found
      return async (...args: unknown[]) => {
        await process.pass()
        const result = await inRealTime(() => (found as Method).apply(target, args))
        await process.pass()
        return name === 'open' ? gated(process, result as object) : result
      }
    },
  })
}
