import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toInput } from '../../../src/adapters/ceph/attributes'
import { decodeMetadata, encodeMetadata } from '../../../src/adapters/ceph/metadata'

describe('user metadata', () => {
  it('travels in printable ASCII and comes back as it was', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'grapheme' })), (value) => {
        const encoded = encodeMetadata({ name: value }).name!
        expect(encoded).toMatch(/^(?:[!-~](?:[ -~]*[!-~])?)?$/)
        expect(decodeMetadata({ name: encoded })).toEqual({ name: value })
      }),
    )
  })

  it.each(['plain text', 'a  b', '', '50%', 'é', '日本', ' outer ', 'tab\tnewline\n', '=?UTF-8?B?YQ==?='])(
    'comes back as it was: %j',
    (value) => {
      expect(decodeMetadata(encodeMetadata({ name: value }))).toEqual({ name: value })
    },
  )

  it('stays readable for others where it is plain', () => {
    expect(encodeMetadata({ 'Mixed-Case': 'plain text' })).toEqual({ 'mixed-case': 'plain text' })
  })

  it('is read from words that another client wrote', () => {
    expect(decodeMetadata({ a: '=?UTF-8?Q?caf=C3=A9_au_lait?=' })).toEqual({ a: 'café au lait' })
    expect(decodeMetadata({ a: '=?utf-8?b?5pel?= =?utf-8?b?5pys?=' })).toEqual({ a: '日本' })
    expect(decodeMetadata({ a: '=?UTF-8?B?/w==?=', b: 'x =?UTF-8?B?YQ==?=' })).toEqual({
      a: '=?UTF-8?B?/w==?=',
      b: 'x =?UTF-8?B?YQ==?=',
    })
  })

  it.each(['under_score', 'with space', 'é', '', 'a:b'])(
    'refuses a name that would not come back: %j',
    (name) => {
      expect(() => encodeMetadata({ [name]: 'x' })).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }))
    },
  )
})

describe('the other attributes', () => {
  it('are refused where a header cannot hold them', () => {
    for (const value of ['attachment; filename="é.txt"', ' x', 'a\nb', '']) {
      expect(() => toInput({ contentDisposition: value })).toThrow(
        expect.objectContaining({ code: 'UNSUPPORTED', context: { option: 'contentDisposition' } }),
      )
    }
    expect(
      toInput({ contentDisposition: 'attachment; filename="a  b.txt"' }).ContentDisposition,
    ).toBeDefined()
  })
})
