import { createHash } from 'node:crypto'
import { TransferError } from '../contract/errors'
import type { CompositeMd5 } from '../contract/source'

/**
 * The ETag that Ceph and S3 give a multipart object: the MD5 of its parts' MD5s in binary, and their number.
 *
 * @param md5sHex in the order of the parts; their ETags will do, quotes and all
 * @throws INTEGRITY where one is no MD5: hex decoding stops silently at the first other character, and the
 * composite would then be wrong without a sign of it.
 */
export function compositeEtag(md5sHex: readonly string[]): string {
  const hash = createHash('md5')
  for (const [index, text] of md5sHex.entries()) {
    const md5 = plainMd5Etag(text)
    if (md5 === undefined) {
      throw new TransferError(
        'INTEGRITY',
        `Cannot compute a multipart ETag: '${text}' of part ${index} (from 0) is no MD5 in hex.`,
        { context: { index, md5: text } },
      )
    }
    hash.update(md5, 'hex')
  }
  return `${hash.digest('hex')}-${md5sHex.length}`
}

/**
 * The MD5 an ETag consists of, in lower-case hex; undefined where it is something else, such as a composite.
 * That it looks like an MD5 does not prove it is one: an object encrypted by the server has another ETag of this form.
 */
export function plainMd5Etag(etag: string | undefined): string | undefined {
  const bare = bareEtag(etag)?.toLowerCase()
  return bare !== undefined && /^[0-9a-f]{32}$/.test(bare) ? bare : undefined
}

/** What a composite ETag states; undefined where it is something else, such as a plain MD5. */
export function compositeOf(etag: string | undefined): CompositeMd5 | undefined {
  const match = /^([0-9a-f]{32})-([1-9][0-9]{0,4})$/i.exec(bareEtag(etag) ?? '')
  return match ? { md5: match[1]!.toLowerCase(), parts: Number(match[2]) } : undefined
}

/**
 * Whether both are there and name the same bytes. Quotes do not count: some answers have them, some do not. An empty
 * ETag is none: two of them say nothing about the bytes.
 */
export function sameEtag(a: string | undefined, b: string | undefined): boolean {
  const bare = bareEtag(a)
  return bare !== undefined && bare !== '' && bare === bareEtag(b)
}

/** Without quotes, and without the prefix (`W/"..."`) of a proxy that compresses. */
function bareEtag(etag: string | undefined): string | undefined {
  return etag
    ?.trim()
    .replace(/^W\//, '')
    .replace(/^"(.*)"$/, '$1')
}
