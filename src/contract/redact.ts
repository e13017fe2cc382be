import { inspect } from 'node:util'
import { cleanText, hasSecretName, showsSecret } from './secret-text'

export { cleanText } from './secret-text'

/** Objects looked at, of one error. What lies beyond is left out: it may be the whole heap. */
const mostObjects = 2000

/**
 * Removes from a foreign error, in place, whatever could show a secret when it is printed or serialised: the same
 * object stays the `cause`, so `instanceof` and identity hold for the caller.
 */
export function redact(error: unknown): unknown {
  return redactValue(error, new Set(), true)
}

/** @returns what is to stand in place of the value: itself, cleaned, if possible */
function redactValue(value: unknown, seen: Set<object>, isError: boolean): unknown {
  if (typeof value === 'string') return cleanText(value)
  if (typeof value !== 'object' || value === null || seen.has(value)) return value
  if (seen.size > mostObjects) return '[left out]'
  if (ArrayBuffer.isView(value)) return showsSecret(textOf(value)) ? '[redacted]' : value
  // A live object (a client, an agent) is still in use: it is taken off the error rather than changed.
  if (!isError && !isOwn(value)) return showsSomewhere(value) ? `[${nameOf(value)}]` : value
  seen.add(value)
  for (const key of Reflect.ownKeys(value)) redactProperty(value, key, seen)
  if (value instanceof Map) redactMap(value, seen)
  if (value instanceof Set) redactSet(value, seen)
  return value
}

function redactProperty(target: object, key: string | symbol, seen: Set<object>): void {
  const property = Object.getOwnPropertyDescriptor(target, key)
  if (!property) return
  if (hasSecretName(key)) {
    if (!property.configurable) replace(target, key, property, undefined)
    else Reflect.deleteProperty(target, key)
    return
  }
  const value = read(target, key, property)
  const clean = redactValue(value, seen, false)
  // A getter may make another object each time: the cleaned one takes its place.
  const isMade = !('value' in property) && typeof clean === 'object'
  if (clean !== value || isMade) replace(target, key, property, clean)
}

/** A getter is called too, as JSON and some loggers do. */
function read(target: object, key: string | symbol, property: PropertyDescriptor): unknown {
  if ('value' in property) return property.value
  try {
    return Reflect.get(target, key)
  } catch {
    return undefined
  }
}

function replace(target: object, key: string | symbol, property: PropertyDescriptor, value: unknown): void {
  const { configurable = false, enumerable = false, writable } = property
  if (configurable) Object.defineProperty(target, key, { configurable, enumerable, writable: true, value })
  else if (writable) Reflect.set(target, key, value)
}

function redactMap(map: Map<unknown, unknown>, seen: Set<object>): void {
  for (const [key, value] of [...map]) {
    if (hasSecretName(key) || (typeof key === 'string' && showsSecret(key))) map.delete(key)
    else map.set(redactValue(key, seen, false), redactValue(value, seen, false))
  }
}

function redactSet(set: Set<unknown>, seen: Set<object>): void {
  for (const value of [...set]) {
    const clean = redactValue(value, seen, false)
    if (clean === value) continue
    set.delete(value)
    set.add(clean)
  }
}

/** Errors and plain containers are part of the error; anything else may be in use elsewhere. */
function isOwn(value: object): boolean {
  if (value instanceof Error || value instanceof Map || value instanceof Set || Array.isArray(value))
    return true
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** Private fields show in print alone: those of a URL, of the headers of a fetch. */
function showsSomewhere(value: object): boolean {
  try {
    return holdsSecret(value, new Set()) || showsSecret(inspect(value, { depth: 4, breakLength: Infinity }))
  } catch {
    return true
  }
}

function holdsSecret(value: unknown, seen: Set<object>): boolean {
  if (typeof value === 'string') return showsSecret(value)
  if (typeof value !== 'object' || value === null || seen.has(value)) return false
  if (ArrayBuffer.isView(value)) return showsSecret(textOf(value))
  if (seen.size > mostObjects) return true
  seen.add(value)
  const holds = (key: string | symbol) => {
    const property = Object.getOwnPropertyDescriptor(value, key)
    return hasSecretName(key) || holdsSecret(property?.value, seen)
  }
  if (Reflect.ownKeys(value).some(holds)) return true
  if (value instanceof Map) {
    return [...value].some(
      ([key, entry]) => hasSecretName(key) || holdsSecret(key, seen) || holdsSecret(entry, seen),
    )
  }
  return value instanceof Set && [...value].some((entry) => holdsSecret(entry, seen))
}

const nameOf = (value: object) => value.constructor?.name || 'Object'

/** The beginning is enough: an error's body is a few kilobytes, and a larger view is the caller's data. */
const textOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  Buffer.from(buffer, byteOffset, Math.min(byteLength, 64 * 1024)).toString('latin1')
