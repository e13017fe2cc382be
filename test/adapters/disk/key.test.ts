import { disk } from 'sluiceway/disk'
import { describe, expect, it } from 'vitest'
import { errorOf, memory, newObject, write } from './helpers'

describe('a disk key', () => {
  const { store } = memory()

  it.each([
    ['nothing', ''],
    ['an absolute path', '/etc/passwd'],
    ['a slash', '/'],
    ['a parent', '..'],
    ['a parent at the start', '../x'],
    ['a parent inside', 'a/../b'],
    ['a parent at the end', 'a/..'],
    ['NUL', 'a\0b'],
    ['a trailing slash', 'a/'],
    ['only the folder itself', '.'],
    ['only folders themselves', './.'],
    ['a name of 256 bytes', 'x'.repeat(256)],
    ['a name of 258 bytes in 86 characters', '中'.repeat(86)],
    ['a folder name of 256 bytes', `${'x'.repeat(256)}/a`],
    ['half a surrogate pair', 'a\ud83d'],
    ['the name of a staged file', 'a/.sluiceway-0123456789abcdef.x.part'],
  ])('that is %s is refused at source() and sink() alike', async (_what, key) => {
    for (const make of [() => store.source(key), () => store.sink(key)]) {
      expect(await errorOf(make)).toMatchObject({ code: 'INVALID_KEY', retry: 'permanent', context: { key } })
    }
  })

  it('that is no string is refused', async () => {
    expect(await errorOf(() => store.source(7 as unknown as string))).toMatchObject({ code: 'INVALID_KEY' })
  })

  it.each([
    ['a//b', 'a/b'],
    ['./a', 'a'],
    ['a/./b', 'a/b'],
    ['a///b//./c', 'a/b/c'],
  ])('written as %s is %s', async (spelling, key) => {
    const { store } = memory({ [`/root/${key}`]: 'x' })
    expect((await store.source(spelling).stat()).key).toBe(key)
    expect(store.source(spelling).location).toBe(store.source(key).location)
  })

  it.each([
    '...',
    '..a',
    'a..',
    'a\\b',
    '中文/文件.txt',
    '😀.mov',
    'a b\nc',
    '-rf',
    '~',
    'a:b',
    'CON',
    '%2e%2e',
    `${'x'.repeat(255)}`,
    `${'中'.repeat(85)}`,
    `${'a'.repeat(99)}😀`.padEnd(250, 'b'),
    '.sluiceway-x.part',
  ])('such as %j is an ordinary name', async (key) => {
    const { store } = memory()
    const session = await store.sink(key).begin(newObject())
    await session.commit([await write(session, key)])
    const keys: string[] = []
    for await (const info of store.list()) keys.push(info.key)
    expect(keys).toEqual([key])
    expect((await store.source(key).stat()).size).toBe(Buffer.byteLength(key))
  })
})

describe('the options of disk()', () => {
  it.each([
    ['root', {}],
    ['root', { root: '' }],
    ['root', { root: 7 }],
    ['root', { root: 'a\0b' }],
    ['fsync', { root: '/x', fsync: 'yes' }],
    ['fs', { root: '/x', fs: {} }],
    ['fs', { root: '/x', fs: { promises: {} } }],
    ['rooot', { root: '/x', rooot: 1 }],
  ])('are refused by name: %s in %j', async (option, options) => {
    const error = await errorOf(() => disk(options as never))
    expect(error).toMatchObject({ code: 'INVALID_OPTION', context: { option } })
    expect(error.message).toContain(`'${option}'`)
  })
})
