import type { StoredObject } from '../model/object'
import { ServiceError } from '../service-error'
import type { Span } from './range'
import type { Task } from './service'

/**
 * The stretch of the object that `partNumber` of a GET or HEAD names, as S3 documents it: a part of the upload the object
 * was made by, or with 1 the whole of an object that was put.
 */
export function partSpan({ service, call }: Task, object: StoredObject): Span | undefined {
  const text = call.query.get('partNumber')
  if (text === undefined || service.dialect.quirks.ignoresPartNumber) return undefined
  const partNumber = Number(text)
  if (!/^\d+$/.test(text) || partNumber < 1 || partNumber > 10_000) {
    throw new ServiceError(400, 'InvalidArgument', 'partNumber must be an integer from 1 to 10000')
  }
  if (call.headers.range !== undefined) {
    throw new ServiceError(400, 'InvalidRequest', 'Range and partNumber cannot both be given')
  }
  const sizes = object.partSizes ?? [object.bytes.size]
  const size = sizes[partNumber - 1]
  if (size === undefined) {
    throw new ServiceError(416, 'InvalidPartNumber', 'the object has no part of this number')
  }
  const start = sizes.slice(0, partNumber - 1).reduce((sum, before) => sum + before, 0)
  return { start, end: start + size }
}
