import { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { TransferError } from '../../contract/errors'
import type { Bytes, Context, ObjectAttributes, ObjectInfo, Source } from '../../contract/source'
import { integer, invalid } from '../../transfer/option-checks'
import { attributes } from '../../transfer/options'
import { freed } from './freed'

export interface StreamOptions extends ObjectAttributes {
  /** Bytes, where known: the stream must then give exactly as many. */
  readonly size?: number
  /**
   * An existing folder for the parts that are held until the sink has accepted them. Its files have no names and go
   * with the process. Without it the parts are held in memory, within the memory budget, which bounds the largest
   * stream: 10,000 parts of at most half the budget each.
   */
  readonly spool?: string
}

/** What `stream()` takes: an upload request, a pipe, a generator. */
export type StreamInput = Readable | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>

/**
 * A source that can be read once: an upload request, any Readable, web stream or async iterable of bytes.
 * @throws INVALID_OPTION for anything else
 */
export function stream(input: StreamInput, options: StreamOptions = {}): Source {
  const { size, spool, ...carried } = options
  if (size !== undefined) integer('size', size, 0)
  if (spool !== undefined && (typeof spool !== 'string' || spool === '')) {
    throw invalid('spool', 'must be the path of a folder')
  }
  attributes('stream', carried)
  const bytes = toBytes(input)
  const info: ObjectInfo = {
    ...carried,
    key: 'stream',
    version: 'stream',
    ...(size !== undefined && { size }),
  }
  let opened = false
  return {
    location: 'stream',
    sequential: true,
    ...(spool !== undefined && { spool }),
    async stat(): Promise<ObjectInfo> {
      return info
    },
    async open(range, context: Context = {}): Promise<Bytes> {
      if (range)
        throw new TransferError('UNSUPPORTED', 'A stream is read from its start to its end, not by ranges.')
      if (opened) throw consumed()
      opened = true
      return freed(bytes, context.signal)
    },
  }
}

/** Every kind of input as one. A failure before anyone reads is kept for the reader, not thrown at the process. */
function toBytes(input: StreamInput): Bytes {
  if (input instanceof ReadableStream) return Readable.fromWeb(input as never) as Bytes
  if (isReadable(input)) {
    if (input.readableEncoding) throw invalid('stream', 'must give bytes: it has an encoding set')
    if (input.readableEnded || input.destroyed) throw consumed()
    input.on('error', () => {})
    return isUpload(input) ? leftOpen(input) : input
  }
  if (typeof (input as AsyncIterable<unknown>)?.[Symbol.asyncIterator] === 'function') return input
  throw invalid('stream', 'must be a Readable, a web ReadableStream or an async iterable of Uint8Array')
}

/** A request that came to a server: destroying it would take from the server the chance to answer. */
function isUpload(input: Readable): boolean {
  return input instanceof IncomingMessage && input.method !== null && input.method !== undefined
}

const leftOpen = (input: Readable): Bytes => ({
  [Symbol.asyncIterator]: () => input.iterator({ destroyOnReturn: false }),
})

function isReadable(input: StreamInput): input is Readable {
  return typeof (input as Readable)?.pipe === 'function' && typeof (input as Readable).on === 'function'
}

function consumed(): TransferError {
  return new TransferError(
    'INVALID_OPTION',
    'The stream has been read already; it can be transferred only once.',
    {
      context: { option: 'stream' },
    },
  )
}
