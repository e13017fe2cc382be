import { TransferError } from '../contract/errors'
import type { Bytes, ObjectInfo } from '../contract/source'
import type { Attempt } from './attempt'
import type { Holder } from './hold/holder'
import { memoryHolder } from './hold/memory-holder'
import { spoolHolder } from './hold/spool-holder'
import { discard, notBytes } from './metered-body'
import type { PartTask } from './part-task'
import { type Growth, growingPartSize, largestStream } from './plan'
import type { Run } from './run'

/**
 * Cuts a source that can be read only once into parts, each held until it is released: a consumed stream cannot be
 * asked again when the sink fails. Memory for a whole part is taken before the first byte of it is read, so that
 * transfers sharing the budget cannot block one another with half-filled parts.
 */
export async function* heldParts(run: Run, info: ObjectInfo, growth: Growth): AsyncGenerator<PartTask, void> {
  const { spool } = run.source
  const reader = new ChunkReader(await openOnce(run, info))
  let start = 0
  try {
    for (let index = 0; ; index += 1) {
      if (index === growth.maxParts) throw tooLong(run, growth)
      const size = growingPartSize(start, growth)
      const holder =
        spool === undefined ? await memoryHolder(run, cost(run, index, size)) : await spoolHolder(spool)
      try {
        const held = await fill(run, reader, holder, Math.min(size, remaining(info, start)), index)
        checkWhole(run, info, start + held.size, held.last)
        yield {
          index,
          start,
          ...held,
          open: async () => holder.read(),
          release: () => holder.release(),
        }
        if (held.last) return
        start += held.size
      } catch (error) {
        holder.release()
        throw error
      }
    }
  } finally {
    reader.discard()
  }
}

/** The first part may turn out to be a small object, which is put in one piece beside its blocks. */
const cost = (run: Run, index: number, size: number) =>
  index === 0 && run.sink.put ? size + Math.min(size, run.sink.capabilities?.maxPutSize ?? size) : size

const remaining = (info: ObjectInfo, start: number) => (info.size ?? Number.POSITIVE_INFINITY) - start

function openOnce(run: Run, info: ObjectInfo): Promise<Bytes> {
  return run.once({ operation: 'part', side: 'source', index: 0, late: discard }, ({ signal }) =>
    run.source.open(undefined, run.context(signal, info.version)),
  )
}

/** Reads one part. A silent source ends it; what has been read of a stream cannot be read again, so nothing retries. */
async function fill(run: Run, reader: ChunkReader, holder: Holder, size: number, index: number) {
  const read = async (attempt: Attempt) => {
    let held = 0
    for (;;) {
      const chunk = await reader.peek()
      attempt.touch()
      if (!chunk || held === size) return { size: held, last: !chunk }
      const taken = reader.take(size - held)
      await holder.append(taken)
      held += taken.byteLength
    }
  }
  try {
    return await run.once({ operation: 'part', side: 'source', index }, read)
  } catch (error) {
    throw TransferError.is(error) && error.retry === 'temporary' ? error.with({ retry: 'permanent' }) : error
  }
}

/** A stream of stated size must keep its word, to the byte. */
function checkWhole(run: Run, info: ObjectInfo, size: number, last: boolean): void {
  if (info.size === undefined) return
  if (last ? size === info.size : size < info.size) return
  const short = size < info.size
  throw new TransferError(
    short ? 'TRUNCATED' : 'INTEGRITY',
    `${run.source.location} gave ${short ? `only ${size}` : 'more'} bytes where it stated ${info.size}.`,
    { context: { location: run.source.location, stated: info.size } },
  )
}

function tooLong(run: Run, growth: Growth): TransferError {
  const largest = largestStream(growth)
  return new TransferError(
    'TOO_LARGE',
    `${run.source.location} is longer than the ${largest} bytes that parts of at most ${growth.max} bytes can carry; ` +
      'give it a spool folder, a larger memoryBudget or a larger partSize.',
    { context: { location: run.source.location, largest, maxPartSize: growth.max } },
  )
}

/** Lets a chunk be looked at before it is taken, and taken piece by piece. Chunks stay borrowed. */
class ChunkReader {
  readonly #bytes: Bytes
  readonly #iterator: AsyncIterator<Uint8Array>
  #chunk: Uint8Array | undefined
  #ended = false

  constructor(bytes: Bytes) {
    this.#bytes = bytes
    this.#iterator = bytes[Symbol.asyncIterator]()
  }

  /** The rest of the current chunk, or the next one; undefined at the end. */
  async peek(): Promise<Uint8Array | undefined> {
    while (!this.#ended && !this.#chunk?.byteLength) {
      const { done, value } = await this.#iterator.next()
      if (done) this.#ended = true
      else if (!(value instanceof Uint8Array)) throw notBytes(value)
      this.#chunk = done ? undefined : value
    }
    return this.#chunk
  }

  take(most: number): Uint8Array {
    const chunk = this.#chunk!
    this.#chunk = chunk.subarray(most)
    return chunk.subarray(0, most)
  }

  discard(): void {
    if (!this.#ended) discard(this.#bytes, this.#iterator)
  }
}
