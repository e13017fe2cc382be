import { TransferError } from '../contract/errors'
import type { Body, Part } from '../contract/sink'
import type { Bytes, Digests } from '../contract/source'
import type { Digester } from '../integrity/digester'
import type { Attempt } from './attempt'
import { toTransferError } from './classify'
import type { PartProgress } from './progress'

export interface MeteredBody extends Body {
  /** Digests of the bytes that passed. @throws INTEGRITY when the sink did not read them to the end */
  digests(): Digests
}

export interface Meter {
  readonly part: Part
  readonly location: string
  readonly attempt: Attempt
  readonly progress: PartProgress
  /** Opens the bytes of the part, from its first one. */
  open(): Promise<Bytes>
  createDigester(): Digester
}

/**
 * The body a sink reads: exactly `part.size` bytes pass, counted and digested, or it throws. Its failure ends the
 * attempt at once, because a sink may not notice that its source is dead.
 */
export function meteredBody(meter: Meter): MeteredBody {
  const { part, attempt, progress } = meter
  let latest: { digester: Digester; complete: boolean } | undefined
  return {
    size: part.size,
    async open() {
      progress.rewind()
      const state = { digester: meter.createDigester(), complete: false }
      latest = state
      return pass(meter, state)
    },
    digests() {
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

async function* pass(meter: Meter, state: { digester: Digester; complete: boolean }) {
  const { part, attempt, progress, location } = meter
  let seen = 0
  try {
    for await (const chunk of await openFreed(meter)) {
      attempt.touch()
      if (!(chunk instanceof Uint8Array)) throw notBytes(chunk)
      seen += chunk.byteLength
      if (seen > part.size) throw wrongSize(meter, 'INTEGRITY', 'more')
      state.digester.update(chunk)
      yield chunk
      attempt.touch()
      progress.add(chunk.byteLength)
    }
    if (seen < part.size) throw wrongSize(meter, 'TRUNCATED', `only ${seen}`)
    state.complete = true
  } catch (error) {
    const known = toTransferError(error, 'source', { location, operation: 'part', part: part.index })
    attempt.fail(known)
    throw known
  }
}

/**
 * Opens the source so that its bytes are given back when the attempt is over, also when they come too late and when
 * nobody leaves the loop: a sink whose request died may never ask again.
 */
async function openFreed({ open, attempt }: Meter): Promise<Bytes> {
  const bytes = await open()
  const { signal } = attempt
  attempt.touch()
  const iterator = bytes[Symbol.asyncIterator]()
  const free = () => discard(bytes, iterator)
  if (signal.aborted) {
    free()
    throw signal.reason
  }
  signal.addEventListener('abort', free, { once: true })
  return { [Symbol.asyncIterator]: () => iterator }
}

/** Frees what is behind bytes that nobody will read; never waits, never throws. */
export function discard(bytes: Bytes, iterator = bytes[Symbol.asyncIterator]()): void {
  const stream = bytes as { destroy?: () => void; on?: (event: 'error', listener: () => void) => void }
  if (typeof stream.destroy === 'function') {
    stream.on?.('error', () => {})
    stream.destroy()
    return
  }
  void (async () => iterator.return?.())().catch(() => {})
}

function wrongSize({ part, location }: Meter, code: 'TRUNCATED' | 'INTEGRITY', gave: string): TransferError {
  return new TransferError(code, `${location} gave ${gave} bytes where it stated ${part.size}.`, {
    // A connection may cut a body short; none makes it longer: such a source contradicts itself.
    retry: code === 'TRUNCATED' ? 'temporary' : 'permanent',
    context: { location, part: part.index, start: part.start, stated: part.size },
  })
}

export function notBytes(chunk: unknown): TransferError {
  return new TransferError(
    'INVALID_OPTION',
    `The source gives ${typeof chunk}s, not bytes: a stream must have no encoding set.`,
    { context: { option: 'source' } },
  )
}
