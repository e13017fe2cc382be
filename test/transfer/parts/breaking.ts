import { TransferError } from '../../../src/contract/errors'
import type { TransferEvent } from '../../../src/contract/events'
import type { Body, Part } from '../../../src/contract/sink'
import type { Bytes, Context } from '../../../src/contract/source'
import { crc64 } from '../../../src/integrity/crc64'
import type { TransferOptions } from '../../../src/transfer/options'
import { transfer } from '../../../src/transfer/transfer'
import { type FakeSource, fakeSink, fakeSource, pattern, quickRetry, silence } from '../fakes'

export const bytes = pattern(100_000)
export const cut = (context = {}) => new TransferError('CONNECTION', 'cut', { retry: 'temporary', context })

/** What an opening does after so many bytes of its range. */
export type Break = { readonly after: number; readonly how: 'cut' | 'end' | 'silence' | (() => never) }

/** A source whose openings break like this, one after another; those after the last are whole. */
export function breaking(breaks: Break[], content: Uint8Array = bytes) {
  const source = fakeSource(content)
  const contexts: Context[] = []
  const { open } = source
  source.open = async (range, context = {}) => {
    contexts.push(context)
    const broken = breaks.shift()
    const all = await open(range, context)
    return broken ? breakOff(all, broken, context) : all
  }
  return { source, contexts }
}

export async function* breakOff(
  all: Bytes,
  { after, how }: Break,
  context: Context,
): AsyncGenerator<Uint8Array> {
  let left = after
  for await (const chunk of all) {
    if (chunk.byteLength > left) {
      if (left > 0) yield chunk.subarray(0, left)
      break
    }
    left -= chunk.byteLength
    yield chunk
  }
  if (how === 'cut') throw cut()
  if (how === 'silence') await silence(context)
  if (typeof how === 'function') how()
}

/** A sink that counts how often a part was begun. */
export function countingSink() {
  const sink = fakeSink()
  const { begin } = sink
  const writes: number[] = []
  sink.begin = async (object, context) => {
    const session = await begin(object, context)
    const { writePart } = session
    return Object.assign(session, {
      writePart: (part: Part, body: Body, given?: Context) => {
        writes.push(part.index)
        return writePart(part, body, given)
      },
    })
  }
  return { sink, writes }
}

export async function move(source: FakeSource, options: TransferOptions = {}) {
  const { sink, writes } = countingSink()
  const events: TransferEvent[] = []
  const onEvent = (event: TransferEvent) => events.push(event)
  const result = await transfer(source, sink, { retry: quickRetry, onEvent, ...options }).catch(
    (error: TransferError) => error,
  )
  const retries = events.flatMap((event) => (event.type === 'retry' ? [event] : []))
  return { sink, writes, result, retries }
}

export const moved = { bytes: 100_000, digests: { crc64: crc64(bytes) } }
export const starts = ({ opened }: FakeSource) => opened.map((range) => range?.start)
