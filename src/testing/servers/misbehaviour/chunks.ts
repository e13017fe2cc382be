type Chunks = AsyncIterable<Uint8Array>

/**
 * Passes `count` bytes, then acts, then, if the action returns, passes the rest.
 *
 * @param shorter whether to act at the end of a body that is shorter
 */
export async function* actAfter(
  chunks: Chunks,
  count: number,
  act: () => Promise<void>,
  shorter = true,
): Chunks {
  let left = count
  let acted = false
  for await (const chunk of chunks) {
    if (acted || chunk.length < left) {
      left -= chunk.length
      yield chunk
      continue
    }
    if (left > 0) yield chunk.subarray(0, left)
    acted = true
    await act()
    if (chunk.length > left) yield chunk.subarray(left)
  }
  if (!acted && shorter) await act()
}

/** Flips the byte at an offset of the body, in a copy: chunks may be shared. */
export function flipAt(at: number): (chunk: Uint8Array) => Uint8Array {
  let offset = 0
  return (chunk) => {
    const index = at - offset
    offset += chunk.length
    if (index < 0 || index >= chunk.length) return chunk
    const copy = Buffer.from(chunk)
    copy[index]! ^= 0xff
    return copy
  }
}

export async function* mapChunks(chunks: Chunks, change: (chunk: Uint8Array) => Uint8Array): Chunks {
  for await (const chunk of chunks) yield change(chunk)
}
