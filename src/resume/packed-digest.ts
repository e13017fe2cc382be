/** Marks text kept as it is. No packed digest begins with it. */
const plain = '='

const largestCrc64 = 2n ** 64n - 1n

/** Half the size of the digest as it is written; other text comes back as it was, too. */
export function packMd5(md5: string): string {
  return /^[0-9a-f]{32}$/.test(md5) ? Buffer.from(md5, 'hex').toString('base64url') : plain + md5
}

export function unpackMd5(packed: string): string {
  return packed.startsWith(plain) ? packed.slice(1) : toBytes(packed, 16).toString('hex')
}

/** An unsigned decimal number as 11 characters; other text comes back as it was, too. */
export function packCrc64(crc64: string): string {
  if (!/^(0|[1-9]\d{0,19})$/.test(crc64) || BigInt(crc64) > largestCrc64) return plain + crc64
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(crc64))
  return bytes.toString('base64url')
}

export function unpackCrc64(packed: string): string {
  if (packed.startsWith(plain)) return packed.slice(1)
  return toBytes(packed, 8).readBigUInt64BE().toString()
}

/** ETags of parts are mostly their MD5, with or without quotes: that is said in no more than one character. */
export function packEtag(etag: string, md5: string | undefined): string {
  const quoted = etag.length > 1 && etag.startsWith('"') && etag.endsWith('"')
  const inner = quoted ? etag.slice(1, -1) : etag
  const packed = inner === md5 && md5 !== '' ? '' : packMd5(inner)
  if (packed.startsWith(plain)) return plain + etag
  return quoted ? `"${packed}` : packed
}

export function unpackEtag(packed: string, md5: string | undefined): string {
  const quoted = packed.startsWith('"')
  const inner = quoted ? packed.slice(1) : packed
  if (inner === '' && md5 === undefined) throw new Error('the ETag refers to an MD5 that is missing')
  const etag = inner === '' ? md5! : unpackMd5(inner)
  return quoted ? `"${etag}"` : etag
}

function toBytes(packed: string, size: number): Buffer {
  const bytes = Buffer.from(packed, 'base64url')
  if (bytes.length !== size) throw new Error('the digest has not its size')
  return bytes
}
