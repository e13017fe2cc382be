import { ServiceError } from '../service-error'

export interface Span {
  readonly start: number
  /** Exclusive. */
  readonly end: number
}

/**
 * One range of a Range header. Anything else that is well-formed HTTP, such as a list of ranges, is answered with the
 * whole object, which a client must notice.
 */
export function rangeOf(value: string | undefined, size: number): Span | undefined {
  const match = value === undefined ? null : /^bytes=(\d*)-(\d*)$/.exec(value.trim())
  if (!match) return undefined
  const [, first = '', last = ''] = match
  if (first === '' && last === '') return undefined
  const start = first === '' ? Math.max(size - Number(last), 0) : Number(first)
  const end = first === '' || last === '' ? size : Math.min(Number(last) + 1, size)
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined
  if (start >= size || (first === '' && Number(last) === 0)) {
    throw new ServiceError(416, 'InvalidRange', 'the range begins after the end of the object', {
      'content-range': `bytes */${size}`,
    })
  }
  return { start, end }
}
