import type { Committed, Part, PartReceipt, Sink, WriteSession } from '../../../contract/sink'
import type { ByteRange, Bytes, Context, ObjectAttributes } from '../../../contract/source'
import type { Store } from '../../../contract/store'
import { bodyOf } from './bodies'

/** Copies, as everyone must who keeps chunks. For objects that fit into memory. */
export async function collect(bytes: Bytes): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of bytes) chunks.push(new Uint8Array(chunk))
  return new Uint8Array(Buffer.concat(chunks))
}

/** The bytes of an object, straight from the adapter: no retry, no check. */
export async function readObject(
  store: Store,
  key: string,
  range?: ByteRange,
  context?: Context,
): Promise<Uint8Array> {
  return collect(await store.source(key).open(range, context))
}

export interface WriteObjectOptions {
  /** @default the sink's minimum, or 1 MiB where that is larger */
  readonly partSize?: number
  readonly attributes?: ObjectAttributes
  /** @default false */
  readonly createOnly?: boolean
}

/** Makes an object through a session, straight through the adapter: no retry, no check. */
export async function writeObject(
  store: Store,
  key: string,
  bytes: Uint8Array,
  options: WriteObjectOptions = {},
): Promise<Committed> {
  const sink = store.sink(key, options.attributes)
  const partSize = options.partSize ?? usualPartSize(sink)
  const session = await sink.begin({
    size: bytes.length,
    attributes: options.attributes ?? {},
    createOnly: options.createOnly ?? false,
  })
  try {
    return await session.commit(await writeParts(session, bytes, cut(bytes.length, partSize)))
  } catch (error) {
    await session.abort()
    throw error
  }
}

/** Writes these parts of the bytes, one after the other. */
export async function writeParts(
  session: WriteSession,
  bytes: Uint8Array,
  parts: readonly Part[],
): Promise<PartReceipt[]> {
  const receipts: PartReceipt[] = []
  for (const part of parts) receipts.push(await session.writePart(part, bodyOf(slice(bytes, part))))
  return receipts
}

export function slice(bytes: Uint8Array, { start, size }: Part): Uint8Array {
  return bytes.subarray(start, start + size)
}

/** The parts of an object of that size. */
export function cut(size: number, partSize: number): Part[] {
  const count = Math.ceil(size / partSize)
  return Array.from({ length: count }, (_, index) => {
    const start = index * partSize
    return { index, start, size: Math.min(partSize, size - start) }
  })
}

function usualPartSize({
  capabilities: { minPartSize = 1, maxPartSize = Number.POSITIVE_INFINITY },
}: Sink): number {
  return Math.min(maxPartSize, Math.max(minPartSize, 1024 * 1024))
}
