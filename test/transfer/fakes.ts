import { createHash } from 'node:crypto'
import type {
  Body,
  Committed,
  NewObject,
  Part,
  PartReceipt,
  Sink,
  WriteSession,
} from '../../src/contract/sink'
import type { ByteRange, Bytes, Context, ObjectInfo, Source } from '../../src/contract/source'

/** Bytes that differ at every position, so that a swapped or shifted part shows. */
export function pattern(size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size)
  for (let at = 0; at < size; at += 1) bytes[at] = (at * 31 + (at >>> 8) * 7 + (at >>> 16)) & 0xff
  return bytes
}

export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** Gives the range in small chunks, all in one buffer that is scribbled over before the next chunk. */
export async function* borrowed(bytes: Uint8Array, chunkSize = 1000): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.alloc(chunkSize)
  for (let at = 0; at < bytes.byteLength; at += chunkSize) {
    const piece = bytes.subarray(at, at + chunkSize)
    buffer.set(piece)
    yield buffer.subarray(0, piece.byteLength)
    buffer.fill(0xee)
  }
}

export interface FakeSource extends Source {
  readonly opened: (ByteRange | undefined)[]
}

/** A source over bytes at hand; `change` replaces any of its methods. */
export function fakeSource(bytes: Uint8Array, change: Partial<Source> = {}): FakeSource {
  const opened: (ByteRange | undefined)[] = []
  return {
    location: 'fake:source',
    opened,
    async stat(): Promise<ObjectInfo> {
      return { key: 'source', size: bytes.byteLength, version: '1' }
    },
    async open(range?: ByteRange): Promise<Bytes> {
      opened.push(range)
      return borrowed(range ? bytes.subarray(range.start, range.end) : bytes)
    },
    ...change,
  }
}

export interface FakeSink extends Sink {
  /** What is visible at the destination. */
  object: Buffer | undefined
  written: NewObject | undefined
  aborted: number
  deferred: Promise<void>[]
  /** Most parts in flight at once. */
  peak: number
}

export interface FakeSinkHooks {
  readonly sink?: Partial<Sink>
  readonly session?: Partial<WriteSession>
}

export async function collect(bytes: Bytes): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of bytes) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

/** A sink without put(), small parts allowed, nothing attested; `hooks` replace any of its methods. */
export function fakeSink(hooks: FakeSinkHooks = {}): FakeSink {
  let inFlight = 0
  const sink: FakeSink = {
    location: 'fake:sink',
    capabilities: { minPartSize: 1, maxPartSize: 1e9 },
    object: undefined,
    written: undefined,
    aborted: 0,
    deferred: [],
    peak: 0,
    defer: (cleanup) => sink.deferred.push(cleanup),
    async stat() {
      return sink.object && { key: 'sink', size: sink.object.byteLength, version: '1' }
    },
    async begin(object: NewObject): Promise<WriteSession> {
      sink.written = object
      const parts = new Map<number, Buffer>()
      return {
        state: { uploadId: 'upload-1' },
        async writePart(part: Part, body: Body): Promise<PartReceipt> {
          inFlight += 1
          sink.peak = Math.max(sink.peak, inFlight)
          try {
            parts.set(part.index, await collect(await body.open()))
            return { index: part.index, size: part.size }
          } finally {
            inFlight -= 1
          }
        },
        async commit(receipts: readonly PartReceipt[]): Promise<Committed> {
          sink.object = Buffer.concat(receipts.map(({ index }) => parts.get(index)!))
          return { size: sink.object.byteLength }
        },
        async abort() {
          sink.aborted += 1
        },
        ...hooks.session,
      }
    },
    ...hooks.sink,
  }
  return sink
}

/** Waits for the signal, as a call of a silent peer does, and then rejects. */
export function silence({ signal }: Context = {}): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
}

/** Never settles, whatever the signal says. */
export const deaf = () => new Promise<never>(() => {})

export const quickRetry = { retries: 3, minDelay: 0, maxDelay: 0 }
