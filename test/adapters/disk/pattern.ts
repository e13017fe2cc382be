/** Bytes of which every stretch is different. */
export function pattern(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  for (let offset = 0; offset + 4 <= size; offset += 4)
    bytes.writeUInt32LE((offset * 2654435761) >>> 0, offset)
  return bytes
}
