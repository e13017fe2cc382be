import { describe, expect, it } from 'vitest'
import { checkCosKey } from '../../../src/adapters/cos/keys'
import { pair, plain, read } from './servers'

describe('keys', () => {
  const refused: [why: string, key: unknown][] = [
    ['empty', ''],
    ['no string', 7],
    ['851 bytes of UTF-8', `${'字'.repeat(283)}ab`],
    ['half a surrogate pair', 'a\ud800'],
    ['a leading slash, which the SDK drops', '/a'],
    ['a leading backslash', '\\a'],
    ['a control character that COS refuses', 'a\u001bb'],
    ['the bucket itself, once COS has resolved it', 'a/..'],
    ['dots alone', './.'],
  ]
  for (const [why, key] of refused) {
    it(`are INVALID_KEY: ${why}`, () => {
      expect(() => checkCosKey(key)).toThrow(expect.objectContaining({ code: 'INVALID_KEY' }))
    })
  }

  const odd = [
    'a b',
    'a+b',
    'a%2Fb',
    '100%',
    'a?b=c&d',
    'a#b',
    'a//b',
    '.hidden',
    'a/..b',
    'a/../b',
    'folder/',
    'a/',
    ' ',
    '中文/对象.mov',
    '😀',
    '~!*()\'"',
    '{Bucket}',
    'a\\b',
    'a\tb',
    '__proto__',
    'x'.repeat(850),
  ]
  it('that are odd come back as they were, from the object and from the list', async () => {
    await using at = await pair()
    for (const key of odd) {
      const session = await at.store.sink(key).begin({ ...plain, size: 0 })
      await session.commit([])
      expect(at.server.object(key)?.size).toBe(0)
      expect((await read(await at.store.source(key).open())).length).toBe(0)
    }
    const listed: string[] = []
    for await (const { key } of at.store.list()) listed.push(key)
    expect(listed.sort()).toEqual([...odd].sort())
  })
})
