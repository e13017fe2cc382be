import { type Call, header } from '../call'
import type { StoredObject } from '../model/object'
import { ServiceError } from '../service-error'

/**
 * Conditions on what is read, from the plain headers or, for a copy, those with a prefix.
 * @returns true where nothing changed and the reply is 304
 */
export function checkConditions(call: Call, object: StoredObject, prefix = ''): boolean {
  const match = header(call, `${prefix}if-match`)
  if (match !== undefined && !etagListed(match, object.etag)) throw failed('If-Match')
  const since = header(call, `${prefix}if-unmodified-since`)
  if (match === undefined && since !== undefined && seconds(object.lastModified) > seconds(new Date(since))) {
    throw failed('If-Unmodified-Since')
  }
  const none = header(call, `${prefix}if-none-match`)
  if (none !== undefined) return etagListed(none, object.etag)
  const modified = header(call, `${prefix}if-modified-since`)
  return modified !== undefined && seconds(object.lastModified) <= seconds(new Date(modified))
}

export function etagListed(list: string, etag: string): boolean {
  const names = list.split(',').map((name) => name.trim().replace(/^"|"$/g, ''))
  return names.includes('*') || names.includes(etag)
}

const seconds = (date: Date): number => Math.floor(date.getTime() / 1000)

const failed = (name: string): ServiceError =>
  new ServiceError(412, 'PreconditionFailed', `the object does not meet ${name}`)
