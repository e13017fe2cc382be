import { describe, expect, it } from 'vitest'
import { compositeEtag, plainMd5Etag, sameEtag } from '../../src/integrity/etag'

const MD5_OF_NOTHING = 'd41d8cd98f00b204e9800998ecf8427e'
const MD5_OF_A = '0cc175b9c0f1b6a831c399e269772661'
const MD5_OF_B = '92eb5ffee6ae2fec3ad71c777531578f'
/** `printf '%s' <both> | xxd -r -p | md5sum` */
const COMPOSITE_OF_A_AND_B = '96e024ba2074fe77e8e965ba43a704be-2'

describe('The composite ETag', () => {
  it('is the MD5 of the binary MD5s of the parts, and their number', () => {
    expect(compositeEtag([MD5_OF_A, MD5_OF_B])).toBe(COMPOSITE_OF_A_AND_B)
  })

  it('minds the order of the parts', () => {
    expect(compositeEtag([MD5_OF_B, MD5_OF_A])).not.toBe(COMPOSITE_OF_A_AND_B)
  })

  it('is another than the plain MD5 for a single part too', () => {
    expect(compositeEtag([MD5_OF_A])).toMatch(/^[0-9a-f]{32}-1$/)
    expect(compositeEtag([MD5_OF_A])).not.toContain(MD5_OF_A)
  })

  it('takes the ETags of the parts, quotes and capitals and all', () => {
    expect(compositeEtag([`"${MD5_OF_A}"`, MD5_OF_B.toUpperCase()])).toBe(COMPOSITE_OF_A_AND_B)
  })

  it('is refused where a part has no MD5, and the part is named', () => {
    for (const bad of ['', 'xyz', MD5_OF_A.slice(1), `${MD5_OF_A}-2`]) {
      expect(() => compositeEtag([MD5_OF_B, bad])).toThrow(
        expect.objectContaining({ code: 'INTEGRITY', context: { index: 1, md5: bad } }),
      )
    }
  })
})

describe('The MD5 in an ETag', () => {
  it('is found with and without quotes, weak prefix and capitals', () => {
    for (const etag of [
      MD5_OF_NOTHING,
      `"${MD5_OF_NOTHING}"`,
      `W/"${MD5_OF_NOTHING}"`,
      ` "${MD5_OF_NOTHING}" `,
    ]) {
      expect(plainMd5Etag(etag)).toBe(MD5_OF_NOTHING)
      expect(plainMd5Etag(etag.replace(MD5_OF_NOTHING, MD5_OF_NOTHING.toUpperCase()))).toBe(MD5_OF_NOTHING)
    }
  })

  it('is not found in a composite, in anything else, or in nothing', () => {
    const others = [
      `"${MD5_OF_A}-1"`,
      `${MD5_OF_A}0`,
      MD5_OF_A.slice(1),
      MD5_OF_A.replace('c', 'g'),
      '""',
      '',
      undefined,
    ]
    for (const etag of others) expect(plainMd5Etag(etag)).toBeUndefined()
  })
})

describe('Two ETags', () => {
  it('are the same whatever their quotes', () => {
    expect(sameEtag('"abc-2"', 'abc-2')).toBe(true)
    expect(sameEtag('W/"abc"', '"abc"')).toBe(true)
  })

  it('differ where the text differs', () => {
    expect(sameEtag('"abc-2"', '"abc-3"')).toBe(false)
    expect(sameEtag('abc', 'ABC')).toBe(false)
  })

  it('are never the same where one is missing or empty', () => {
    expect(sameEtag(undefined, undefined)).toBe(false)
    expect(sameEtag('abc', undefined)).toBe(false)
    expect(sameEtag(undefined, 'abc')).toBe(false)
    expect(sameEtag('""', '')).toBe(false)
  })
})
