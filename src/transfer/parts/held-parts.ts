import { TransferError } from '../../contract/errors'
import type { Bytes, ObjectInfo } from '../../contract/source'
import type { Attempt } from '../attempts/attempt'
import { type Growth, growingPartSize, largestStream } from '../plan'
import { largestPut } from '../put-whole'
import type { Run } from '../run'
import { type Chunks, discard, readChunks } from './chunks'
import { trimSpareBlocks } from './hold/block-pool'
import type { Holder } from './hold/holder'
import { memoryHolder } from './hold/memory-holder'
import { spoolHolder } from './hold/spool-holder'
import { type PartTask, passingCost } from './part-task'

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
      const size = Math.min(growingPartSize(start, growth), remaining(info, start))
      const cost = spool === undefined ? size : Math.min(passingCost, size)
      // The first part may turn out to be a small object, which is put in one piece beside what is held of it.
      const put =
        index === 0 ? Math.min(size, largestPut(run.sink, Math.max(0, run.budget.total - cost))) : -1
      const giveBack = await run.budget.acquire(cost + Math.max(0, put), run.signal)
      let holder: Holder | undefined
      const release = () => {
        holder?.release()
        giveBack()
        trimSpareBlocks()
      }
      try {
        holder = spool === undefined ? memoryHolder(size) : await openSpool(run, spool, index)
        const { read } = holder
        const held = await fill(run, reader, holder, size, index)
        checkWhole(run, info, start + held.size, held.last)
        const whole = held.last && held.size <= put
        yield { index, start, size: held.size, whole, read: () => readChunks(read()), release }
        if (held.last) return
        start += held.size
      } catch (error) {
        release()
        throw error
      }
    }
  } finally {
    reader.free()
  }
}

const remaining = (info: ObjectInfo, start: number) => (info.size ?? Number.POSITIVE_INFINITY) - start

/** Before anything is read, a source that can be opened again may fail like any other. */
function openOnce(run: Run, info: ObjectInfo): Promise<Bytes> {
  const open = ({ signal }: Attempt) => run.source.open(undefined, run.context(signal, info.version))
  const options = { operation: 'part', side: 'source', index: 0, late: discard } as const
  return run.source.sequential ? run.once(options, open) : run.request(options, open)
}

/** The folder may lie on a network: it must not hang the transfer. */
function openSpool(run: Run, folder: string, index: number): Promise<Holder> {
  const late = (holder: Holder) => holder.release()
  return run.once({ operation: 'part', side: 'source', index, late }, () => spoolHolder(folder))
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
  readonly #chunks: Chunks
  #chunk: Uint8Array | undefined
  #ended = false

  constructor(bytes: Bytes) {
    this.#chunks = readChunks(bytes)
  }

  /** The rest of the current chunk, or the next one; undefined at the end. */
  async peek(): Promise<Uint8Array | undefined> {
    while (!this.#ended && !this.#chunk?.byteLength) {
      this.#chunk = await this.#chunks.next()
      this.#ended = !this.#chunk
    }
    return this.#chunk
  }

  take(most: number): Uint8Array {
    const chunk = this.#chunk!
    this.#chunk = chunk.subarray(most)
    return chunk.subarray(0, most)
  }

  free(): void {
    this.#chunks.free()
  }
}
