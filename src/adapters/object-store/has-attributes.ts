import type { ObjectAttributes } from '../../contract/source'

const names = ['contentType', 'cacheControl', 'contentDisposition', 'contentEncoding'] as const

/**
 * Whether an object carries the attributes that were asked for; it may carry more. The storage class is left out: a
 * lifecycle rule may have moved the object since.
 */
export function hasAttributes(found: ObjectAttributes, wanted: ObjectAttributes): boolean {
  const stored = lowerCase(found.metadata)
  return (
    names.every((name) => wanted[name] === undefined || plain(name, found) === plain(name, wanted)) &&
    [...lowerCase(wanted.metadata)].every(([name, value]) => stored.get(name) === value)
  )
}

/** Backends may change the case and the spaces of a type, and percent-encode the file name of a disposition. */
function plain(name: (typeof names)[number], attributes: ObjectAttributes): string | undefined {
  const value = attributes[name]
  if (name === 'contentType') return value?.toLowerCase().replaceAll(/\s/g, '')
  return name === 'contentDisposition' ? decoded(value) : value?.trim()
}

function decoded(value: string | undefined): string | undefined {
  try {
    return value && decodeURIComponent(value).trim()
  } catch {
    return value?.trim()
  }
}

const lowerCase = (metadata: ObjectAttributes['metadata'] = {}) =>
  new Map(Object.entries(metadata).map(([name, value]) => [name.toLowerCase(), value.trim()]))
