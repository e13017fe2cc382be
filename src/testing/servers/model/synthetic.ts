import { Crc64, combineCrc64 } from '../../../integrity/crc64'
import type { StoredBytes } from './bytes'

/**
 * A prime: parts of equal size begin at different places of the tile, so that a part stored in another's place, or
 * twice, has other bytes and other digests.
 */
const tileSize = 1_048_573
const chunkSize = 256 * 1024
const tiles = new Map<number, Buffer>()

/**
 * The bytes of a synthetic object: cheap, endless, the same for the same seed, readable from anywhere.
 * Chunks are slices of one shared buffer: they must not be written to.
 *
 * @param seed an integer
 * @param range offsets in bytes, `end` exclusive
 */
export async function* syntheticBytes(
  seed: number,
  range: { readonly start: number; readonly end: number },
): AsyncGenerator<Uint8Array, void, undefined> {
  const tile = tileOf(seed)
  for (let offset = range.start; offset < range.end; ) {
    const from = offset % tileSize
    const length = Math.min(chunkSize, tileSize - from, range.end - offset)
    yield tile.subarray(from, from + length)
    offset += length
  }
}

export const syntheticObject = (seed: number, size: number): StoredBytes => ({
  size,
  read: (start, end) => syntheticBytes(seed, { start, end }),
  async dispose() {},
})

/** The true CRC-64 of a synthetic object, in a few combinations rather than a pass over its bytes. */
export function syntheticCrc64(seed: number, size: number): string {
  const tile = tileOf(seed)
  const crcOf = (bytes: Uint8Array) => new Crc64().update(bytes).digest()
  let crc = crcOf(new Uint8Array(0))
  let block = { crc: crcOf(tile), size: tileSize }
  for (let count = Math.floor(size / tileSize); count > 0; count = Math.floor(count / 2)) {
    if (count % 2 === 1) crc = combineCrc64(crc, block.crc, block.size)
    block = { crc: combineCrc64(block.crc, block.crc, block.size), size: block.size * 2 }
  }
  const rest = size % tileSize
  return combineCrc64(crc, crcOf(tile.subarray(0, rest)), rest)
}

function tileOf(seed: number): Buffer {
  const known = tiles.get(seed)
  if (known) return known
  const words = new Uint32Array(Math.ceil(tileSize / 4))
  // xorshift32; its state must not be 0.
  let state = (seed * 2_654_435_761) >>> 0 || 0x9e3779b9
  for (let index = 0; index < words.length; index += 1) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[index] = state
  }
  const tile = Buffer.from(words.buffer, 0, tileSize)
  if (tiles.size >= 8) tiles.clear()
  tiles.set(seed, tile)
  return tile
}
