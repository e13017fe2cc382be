import assert from 'node:assert/strict'
import type { Digests } from '../../../contract/source'
import { createDigester } from '../../../integrity/digester'

export function digestsOf(bytes: Uint8Array): Required<Digests> {
  const digester = createDigester(['crc64', 'md5'])
  digester.update(bytes)
  return digester.digest() as Required<Digests>
}

/** Whatever digests are stated must be those of the bytes. */
export function digestsAreRight(what: string, stated: Digests, bytes: Uint8Array): void {
  const { crc64, md5 } = digestsOf(bytes)
  if (stated.crc64 !== undefined) assert.equal(stated.crc64, crc64, `the crc64 of ${what}`)
  if (stated.md5 !== undefined) assert.equal(stated.md5, md5, `the md5 of ${what}`)
}
