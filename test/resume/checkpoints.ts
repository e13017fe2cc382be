import fc from 'fast-check'
import type { PartReceipt } from '../../src/contract/sink'
import type { Checkpoint } from '../../src/resume/checkpoint'

export const size = 8 * 1024 * 1024

/** A receipt as Ceph and COS give them. */
export function receipt(index: number): PartReceipt {
  const md5 = (BigInt(index + 1) * 0x9e3779b97f4a7c15f39cc0605cedc835n)
    .toString(16)
    .slice(-32)
    .padStart(32, '0')
  const crc64 = BigInt.asUintN(64, BigInt(index + 1) * 0x9e3779b97f4a7c15n).toString()
  return { index, size, etag: `"${md5}"`, crc64, md5 }
}

export const receipts = (count: number): PartReceipt[] =>
  Array.from({ length: count }, (_, index) => receipt(index))

export const checkpoint = (change: Partial<Checkpoint> = {}): Checkpoint => ({
  format: 1,
  revision: 0,
  owner: 'owner-1',
  source: { location: 'ceph:staging/in/big.mov', version: '"v1"', size: 10 * size },
  destination: 'cos:archive/big.mov',
  attributes: 'fingerprint-1',
  partSize: size,
  session: { uploadId: 'upload-1', key: 'big.mov', bucket: 'archive' },
  parts: [],
  ...change,
})

/** Every string there is, with lone surrogates and control characters. */
const text = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) })
const count = fc.oneof(fc.nat({ max: 20 }), fc.maxSafeNat())

const md5 = fc.oneof(fc.stringMatching(/^[0-9a-f]{32}$/), text)
const crc64 = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n }).map(String),
  fc.constantFrom('', '0', '00', '18446744073709551615'),
  text,
)
const part = fc
  .record(
    {
      size: count,
      etag: fc.oneof(
        md5,
        md5.map((inner) => `"${inner}"`),
      ),
      crc64,
      md5,
    },
    { requiredKeys: ['size'] },
  )
  .chain(({ etag, ...rest }) => {
    const own =
      rest.md5 === undefined
        ? []
        : [
            { ...rest, etag: rest.md5 },
            { ...rest, etag: `"${rest.md5}"` },
          ]
    return fc.constantFrom(etag === undefined ? rest : { ...rest, etag }, ...own)
  })

/** Sorted by index, as they come back. */
const parts: fc.Arbitrary<PartReceipt[]> = fc
  .uniqueArray(fc.tuple(count, part), { selector: ([index]) => index, maxLength: 30 })
  .map((rows) => rows.sort(([a], [b]) => a - b).map(([index, rest]) => ({ index, ...rest })))

export const anyCheckpoint: fc.Arbitrary<Checkpoint> = fc.record({
  format: fc.constant(1 as const),
  revision: count,
  owner: text,
  source: fc.record(
    { location: text, version: text, size: count },
    { requiredKeys: ['location', 'version'] },
  ),
  destination: text,
  attributes: text,
  partSize: count,
  session: fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value))),
  parts,
})
