import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Body, PartReceipt } from '../../../src/contract/sink'
import { bodyOf, errorOf, failure, newObject, realStore, withHandles, write } from './helpers'

const KiB = 1024

describe('a part', () => {
  const part = (size: number) => ({ index: 0, start: 0, size })

  it('written again replaces what the first attempt wrote', async () => {
    const { store, path } = realStore()
    const session = await store.sink('a').begin(newObject())
    await write(session, 'aaaaa')
    await session.commit([await write(session, 'bbbbb')])
    expect(readFileSync(path('a'), 'utf8')).toBe('bbbbb')
  })

  it('is written again only when the attempt before has stopped', async () => {
    const { store, path } = realStore()
    const session = await store.sink('a').begin(newObject())
    let release = () => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const order: string[] = []
    const slow: Body = {
      size: 5,
      async open() {
        return (async function* () {
          order.push('first begins')
          await gate
          yield Buffer.from('aaaaa')
          order.push('first ends')
        })()
      },
    }
    const fast: Body = {
      size: 5,
      async open() {
        order.push('second begins')
        return (async function* () {
          yield Buffer.from('bbbbb')
        })()
      },
    }
    const attempts = [session.writePart(part(5), slow), session.writePart(part(5), fast)]
    await expect.poll(() => order.length).toBe(1)
    release()
    const receipts = await Promise.all(attempts)
    expect(order).toEqual(['first begins', 'first ends', 'second begins'])
    await session.commit([receipts[1] as PartReceipt])
    expect(readFileSync(path('a'), 'utf8')).toBe('bbbbb')
  })

  it('that ends early is TRUNCATED, one that goes on is INTEGRITY, and no byte lands beside it', async () => {
    const { store, path } = realStore()
    const session = await store.sink('a').begin(newObject())
    const neighbour = await session.writePart({ index: 1, start: 5, size: 5 }, bodyOf(Buffer.from('BBBBB')))
    const long = bodyOf(Buffer.from('aaaaaaaa'), 4)
    expect(await errorOf(session.writePart(part(5), long))).toMatchObject({ code: 'INTEGRITY' })
    const short = bodyOf(Buffer.from('aaa'))
    expect(await errorOf(session.writePart(part(5), short))).toMatchObject({ code: 'TRUNCATED' })
    await session.commit([await write(session, 'AAAAA'), neighbour])
    expect(readFileSync(path('a'), 'utf8')).toBe('AAAAABBBBB')
  })

  it('whose body fails rejects with the error of the body, or with it as the cause', async () => {
    const { store } = realStore()
    const session = await store.sink('a').begin(newObject())
    const own = await errorOf(() => store.source('../x'))
    const foreign = new Error('the request broke')
    for (const [thrown, expected] of [
      [own, own],
      [foreign, { code: 'SOURCE_FAILED', retry: 'temporary', cause: foreign }],
    ] as const) {
      const body: Body = {
        size: 5,
        open: async () =>
          (async function* () {
            yield Buffer.from('a')
            throw thrown
          })(),
      }
      expect(await errorOf(session.writePart(part(5), body))).toMatchObject(expected)
      const closed: Body = { size: 5, open: () => Promise.reject(thrown) }
      expect(await errorOf(session.writePart(part(5), closed))).toMatchObject(expected)
    }
  })

  it('ends when its signal fires, though the body hangs, and can be written again', async () => {
    const { store, path } = realStore()
    const session = await store.sink('a').begin(newObject())
    const hanging: Body[] = [
      { size: 5, open: () => new Promise(() => {}) },
      {
        size: 5,
        open: async () =>
          (async function* () {
            yield Buffer.from('a')
            await new Promise(() => {})
          })(),
      },
    ]
    for (const body of hanging) {
      const controller = new AbortController()
      const writing = session.writePart(part(5), body, { signal: controller.signal })
      setImmediate(() => controller.abort())
      expect(await errorOf(writing)).toMatchObject({ code: 'ABORTED' })
    }
    await session.commit([await write(session, 'hello')])
    expect(readFileSync(path('a'), 'utf8')).toBe('hello')
  })

  it('leaves its body when the disk fails', async () => {
    const fs = withHandles(() => ({ write: () => Promise.reject(failure('ENOSPC')) }))
    const { store } = realStore({ fs })
    const session = await store.sink('a').begin(newObject())
    let left = false
    const body: Body = {
      size: 1200 * KiB,
      open: async () =>
        (async function* () {
          try {
            for (;;) yield Buffer.alloc(600 * KiB)
          } finally {
            left = true
          }
        })(),
    }
    expect(await errorOf(session.writePart(part(1200 * KiB), body))).toMatchObject({
      code: 'NO_SPACE',
      retry: 'permanent',
      context: { errno: 'ENOSPC', part: 0 },
    })
    expect(left).toBe(true)
    await session.abort()
  })
})
