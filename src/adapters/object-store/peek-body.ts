import type { Readable } from 'node:stream'
import type { Bytes } from '../../contract/source'
import { type ResponseBodyOptions, responseBody } from './response-body'

/** Milliseconds that bytes nobody wants may take to come: closing the connection is then the cheaper way. */
const patience = 1000

/** What the answer to a peek is about: the bytes that come, of those the object has. */
export interface Stretch {
  readonly size: number
  readonly total: number
}

/**
 * The stretch by the headers of the answer; undefined where they contradict what was asked or one another.
 *
 * @param limit bytes that were asked for
 */
export function firstStretch(
  contentRange: string,
  contentLength: number | undefined,
  limit: number,
): Stretch | undefined {
  if (contentLength === undefined || !Number.isSafeInteger(contentLength)) return undefined
  const match = /^bytes 0-(\d+)\/(\d+)$/.exec(contentRange)
  const size = Number(match?.[1]) + 1
  const total = Number(match?.[2])
  return match && size === contentLength && size === Math.min(limit, total) ? { size, total } : undefined
}

/** The bytes where they are the whole object; else they are read and dropped, so that the connection serves again. */
export function peekBody(
  response: Readable,
  { size, total }: Stretch,
  limit: number,
  options: Omit<ResponseBodyOptions, 'size'>,
): Bytes | undefined {
  if (total <= limit) return responseBody(response, { ...options, size })
  void drop(response.on('error', () => {}))
  return undefined
}

async function drop(body: Readable): Promise<void> {
  const late = setTimeout(() => body.destroy(), patience).unref()
  try {
    for await (const _ of body);
  } catch {
    // A connection that broke is closed already.
  } finally {
    clearTimeout(late)
  }
}
