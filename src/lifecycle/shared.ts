/** To be raised with each incompatible change of what is shared. */
const version = 1

/**
 * A value of this process or thread that all copies of this package share: it may be loaded as ESM, as CommonJS, and
 * more than once.
 */
export function shared<T>(name: string, make: () => T): T {
  const key = Symbol.for(`sluiceway.${name}.${version}`)
  const all = globalThis as unknown as Record<symbol, T | undefined>
  if (all[key] === undefined) {
    Object.defineProperty(globalThis, key, { value: make(), enumerable: false })
  }
  return all[key] as T
}

/** The key of a property that every copy of this package knows. */
export const sharedKey = (name: string): symbol => Symbol.for(`sluiceway.${name}.${version}`)
