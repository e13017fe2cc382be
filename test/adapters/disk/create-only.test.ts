import { statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  collect,
  errorOf,
  failure,
  memory,
  newObject,
  openFilesIn,
  realStore,
  treeOf,
  withCalls,
  write,
} from './helpers'

const _KiB = 1024

describe('createOnly', () => {
  it('refuses to replace an object, also one that appeared during the transfer', async () => {
    for (const make of [realStore, () => ({ ...memory(), root: '/root' })]) {
      const { store } = make()
      const [one, two] = [
        await store.sink('a').begin(newObject({ createOnly: true })),
        await store.sink('a').begin(newObject({ createOnly: true })),
      ]
      const receipts = [await write(one, 'first'), await write(two, 'second')] as const
      await one.commit([receipts[0]])
      expect(await errorOf(two.commit([receipts[1]]))).toMatchObject({
        code: 'ALREADY_EXISTS',
        retry: 'permanent',
      })
      await two.abort()
      expect((await collect(await store.source('a').open())).toString()).toBe('first')
    }
  })

  it('converges when committed again, and leaves one name', async () => {
    const { root, store } = realStore()
    const session = await store.sink('a').begin(newObject({ createOnly: true }))
    const receipts = [await write(session, 'x')]
    expect(await session.commit(receipts)).toEqual(await session.commit(receipts))
    expect(statSync(join(root, 'a')).nlink).toBe(1)
    expect(treeOf(root)).toEqual(['a'])
  })

  it('holds when many commit at once: one wins', async () => {
    const { root, store } = realStore()
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        const session = await store.sink('a').begin(newObject({ createOnly: true }))
        const receipt = await write(session, `content ${index}`)
        try {
          await session.commit([receipt])
          return 'won'
        } catch (error) {
          await session.abort()
          return (error as { code: string }).code
        }
      }),
    )
    expect(outcomes.sort()).toEqual([...Array(7).fill('ALREADY_EXISTS'), 'won'])
    expect(treeOf(root)).toEqual(['a'])
  })

  it.each([
    ['the file system has no hard links', { link: () => Promise.reject(failure('EPERM')) }],
    ['the module has no link()', { link: undefined }],
  ])('is refused before any byte moves where %s', async (_why, calls) => {
    const { root, store } = realStore({ fs: withCalls(calls) })
    const beginning = store.sink('new/a').begin(newObject({ createOnly: true }))
    expect(await errorOf(beginning)).toMatchObject({ code: 'UNSUPPORTED' })
    expect(treeOf(root)).toEqual([])
    expect(openFilesIn(root)).toEqual([])
    const session = await store.sink('new/a').begin(newObject())
    await session.commit([await write(session, 'x')])
  })
})
