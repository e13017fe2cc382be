import { TransferError } from '../../contract/errors'
import type { Body, Part } from '../../contract/sink'
import type { Bytes, Digests } from '../../contract/source'
import type { BodyDigester } from '../../integrity/body-digester'
import type { Attempt } from '../attempts/attempt'
import { toTransferError } from '../attempts/classify'
import type { PartProgress } from '../progress'
import type { Chunks } from './chunks'
import { turnOver } from './turn'
import { wrongSize } from './wrong-size'

export interface MeteredBody extends Body {
  /** Digests of the bytes that passed. @throws INTEGRITY when the sink did not read them to the end */
  digests(): Promise<Digests>
}

export interface Meter {
  readonly part: Part
  readonly location: string
  readonly attempt: Attempt
  readonly progress: PartProgress
  /** Reads the bytes of the part, from its first one. */
  read(): Chunks
  createDigester(): BodyDigester
}

/**
 * The body a sink reads: exactly `part.size` bytes pass, counted and digested, or it throws. Its failure ends the
 * attempt at once, because a sink may not notice that its source is dead.
 */
export function meteredBody(meter: Meter): MeteredBody {
  const { part, attempt, progress } = meter
  let latest: Passage | undefined
  return {
    size: part.size,
    async open() {
      latest?.drop()
      progress.rewind()
      latest = new Passage(meter)
      return latest.bytes()
    },
    async digests() {
      if (!latest?.complete) {
        throw new TransferError('INTEGRITY', 'The sink answered before it had read the body to its end.', {
          retry: 'temporary',
          context: { part: part.index },
        })
      }
      attempt.touch()
      return latest.digester.digest()
    },
  }
}

/**
 * The bytes passing once. It ends with the attempt and when the body is opened again: whoever still reads it then gets
 * an error, so that it can neither count nor digest bytes beside the new one.
 */
class Passage {
  readonly digester: BodyDigester
  complete = false
  readonly #meter: Meter
  #chunks: Chunks | undefined
  #over = false

  constructor(meter: Meter) {
    this.#meter = meter
    this.digester = meter.createDigester()
    // The sink may fail when it has read everything, and nobody asks for the digests then.
    const { signal } = meter.attempt
    if (signal.aborted) this.drop()
    else signal.addEventListener('abort', () => this.drop(), { once: true })
  }

  /** Nobody wants these bytes any more. */
  drop(): void {
    this.end()
    this.digester.drop()
  }

  /** Frees the source's half, also where nobody leaves the loop: a sink whose request died may never ask again. */
  end(): void {
    this.#over = true
    this.#chunks?.free()
  }

  async *bytes(): Bytes {
    const { part, attempt, progress, location } = this.#meter
    const { signal } = attempt
    const end = () => this.end()
    signal.addEventListener('abort', end, { once: true })
    try {
      this.#throwIfOver()
      this.#chunks = this.#meter.read()
      for (let seen = 0; ; ) {
        attempt.touch()
        await turnOver()
        this.#throwIfOver()
        const chunk = await this.#chunks.next()
        attempt.touch()
        this.#throwIfOver()
        if (!chunk) {
          if (seen < part.size) throw wrongSize(location, part, seen)
          this.complete = true
          return
        }
        seen += chunk.byteLength
        if (seen > part.size) throw wrongSize(location, part, seen)
        const digested = this.digester.update(chunk)
        // Awaited below; until then the sink may take its time.
        digested?.catch(() => {})
        yield chunk
        this.#throwIfOver()
        await digested
        progress.add(chunk.byteLength)
      }
    } catch (error) {
      const known = toTransferError(error, 'source', { location, operation: 'part', part: part.index })
      if (!this.#over) attempt.fail(known)
      throw known
    } finally {
      this.end()
      signal.removeEventListener('abort', end)
    }
  }

  #throwIfOver(): void {
    const { signal } = this.#meter.attempt
    if (signal.aborted) throw signal.reason
    if (this.#over) throw new Error('The body was opened again')
  }
}
