import { createHash } from 'node:crypto'
import { Crc64 } from '../../../src/integrity/crc64'
import { compositeEtag } from '../../../src/integrity/etag'
import { period, stretch } from '../pattern.mjs'

interface Digests {
  readonly md5: string
  readonly crc64: string
}

const known = new Map<string, Digests>()

/** Of `size` bytes that begin at `start` of an object. Computed once for each place within the MiB, and size. */
export function digestsOf(start: number, size: number): Digests {
  const name = `${start % period} ${size}`
  const found = known.get(name)
  if (found) return found
  const md5 = createHash('md5')
  const crc64 = new Crc64()
  for (const slice of stretch(start, start + size)) {
    md5.update(slice)
    crc64.update(slice)
  }
  const digests = { md5: md5.digest('hex'), crc64: crc64.digest() }
  known.set(name, digests)
  return digests
}

/** Of an object that was uploaded in parts of these sizes. */
export function multipartEtag(sizes: readonly number[]): string {
  let start = 0
  const md5s = sizes.map((size) => {
    const { md5 } = digestsOf(start, size)
    start += size
    return md5
  })
  return compositeEtag(md5s)
}
