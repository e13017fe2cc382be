/** The same bytes but one. */
export function damaged(bytes: Uint8Array): Buffer {
  const copy = Buffer.from(bytes)
  if (copy.length > 0) copy[0] = copy[0]! ^ 0x10
  return copy
}
