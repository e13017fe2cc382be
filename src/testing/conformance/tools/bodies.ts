import { setImmediate } from 'node:timers/promises'
import type { Body } from '../../../contract/sink'
import type { Bytes } from '../../../contract/source'

const scribble = 0xaa

/**
 * The bytes as a hostile but lawful source gives them: through one buffer, which is scribbled over as soon as the next
 * chunk is asked for.
 */
export async function* borrowed(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  const chunkSize = Math.max(1, Math.min(65_543, Math.ceil(bytes.length / 4)))
  const buffer = new Uint8Array(chunkSize)
  try {
    for (let at = 0; at < bytes.length; at += chunkSize) {
      const piece = bytes.subarray(at, at + chunkSize)
      await setImmediate()
      buffer.set(piece)
      yield buffer.subarray(0, piece.length)
      buffer.fill(scribble)
    }
  } finally {
    buffer.fill(scribble)
  }
}

export function bodyOf(bytes: Uint8Array): Body {
  return { size: bytes.length, open: async () => borrowed(bytes) }
}

/** States `size` bytes, gives those of `bytes`, and ends as if that were all. */
export function bodyOfWrongSize(bytes: Uint8Array, size: number): Body {
  return { size, open: async () => borrowed(bytes) }
}

/** Throws after half of the bytes. */
export function failingBody(bytes: Uint8Array, error: Error): Body {
  async function* half() {
    yield* borrowed(bytes.subarray(0, bytes.length >> 1))
    throw error
  }
  return { size: bytes.length, open: async () => half() }
}

export interface StallingBody extends Body {
  /** Resolves when half of the bytes are given and the body gives no more. */
  readonly stalled: Promise<void>
  /** Resolves when the reader has left by `return()`. */
  readonly left: Promise<void>
  /** Lets it give the rest. */
  release(): void
}

/** Gives half of the bytes, then nothing until it is released. It can be left at any time, as a socket can. */
export function stallingBody(bytes: Uint8Array): StallingBody {
  const stalled = signal()
  const left = signal()
  const released = signal()
  const half = bytes.length >> 1
  const open = async (): Promise<Bytes> => {
    const first = borrowed(bytes.subarray(0, half))
    const second = borrowed(bytes.subarray(half))
    const iterator: AsyncIterator<Uint8Array> = {
      async next() {
        const step = await first.next()
        if (!step.done) return step
        stalled.fire()
        await released.fired
        return second.next()
      },
      async return() {
        left.fire()
        return { done: true, value: undefined }
      },
    }
    return { [Symbol.asyncIterator]: () => iterator }
  }
  return { size: bytes.length, open, stalled: stalled.fired, left: left.fired, release: released.fire }
}

function signal() {
  let fire = () => {}
  const fired = new Promise<void>((resolve) => {
    fire = resolve
  })
  return { fire, fired }
}
