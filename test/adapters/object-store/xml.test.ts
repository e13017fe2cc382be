import { describe, expect, it } from 'vitest'
import { parseXml, textOf } from '../../../src/adapters/object-store/xml'

describe('parseXml', () => {
  it('gives all elements of a name, and texts as they are', () => {
    const { name, root } = parseXml(
      '\n<?xml version="1.0"?><!-- a > b --><R xmlns="x"><K> 007 </K><E/><K><![CDATA[<a&b>]]></K><N><K>in</K></N></R>\n',
    )
    expect(name).toBe('R')
    expect(root.children.get('K')?.map(({ text }) => text)).toEqual([' 007 ', '<a&b>'])
    expect(textOf(root, 'E')).toBe('')
    expect(textOf(root, 'missing')).toBeUndefined()
    expect(textOf(root.children.get('N')?.[0], 'K')).toBe('in')
  })

  it('resolves entities once', () => {
    const { root } = parseXml('<R>&lt;&amp;amp;&quot;&#20013;&#x1F600;&unknown;</R>')
    expect(root.text).toBe('<&amp;"中😀&unknown;')
  })

  it('takes names of objects for names', () => {
    expect(textOf(parseXml('<R><__proto__>x</__proto__></R>').root, '__proto__')).toBe('x')
  })

  for (const broken of [
    '',
    'text',
    '<R>',
    '<R><K>a</K>',
    '<R></K></R>',
    '</R>',
    '<R><K>a</R>',
    '<!DOCTYPE html',
  ]) {
    it(`refuses ${JSON.stringify(broken)}, which may be half an answer`, () => {
      expect(() => parseXml(broken)).toThrow()
    })
  }
})
