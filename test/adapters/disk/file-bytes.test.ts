import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { collect, errorOf, failure, openFilesIn, pattern, realStore, withHandles } from './helpers'

const MiB = 1024 * 1024

describe('the file handle of open bytes', () => {
  const large = { a: pattern(4 * MiB) }

  it('is closed when the consumer leaves', async () => {
    const { root, store } = realStore({}, large)
    for await (const _chunk of await store.source('a').open()) break
    expect(openFilesIn(root)).toEqual([])
  })

  it('is closed when the consumer leaves before the first chunk', async () => {
    const { root, store } = realStore({}, large)
    const bytes = await store.source('a').open()
    expect(openFilesIn(root)).toHaveLength(1)
    await bytes[Symbol.asyncIterator]().return?.()
    expect(openFilesIn(root)).toEqual([])
    expect(await collect(bytes)).toHaveLength(0)
  })

  it('is closed when the signal fires though nobody reads, and the reader then gets ABORTED', async () => {
    const closed: string[] = []
    const files = large
    const fs = withHandles((handle, path) => ({
      async close() {
        await handle.close()
        closed.push(path)
      },
    }))
    const { root, store } = realStore({ fs }, files)
    for (const chunks of [0, 1]) {
      const controller = new AbortController()
      const iterator = (await store.source('a').open(undefined, { signal: controller.signal }))[
        Symbol.asyncIterator
      ]()
      for (let chunk = 0; chunk < chunks; chunk++) await iterator.next()
      const reason = new Error('enough')
      controller.abort(reason)
      await expect.poll(() => closed.length).toBe(chunks + 1)
      expect(openFilesIn(root)).toEqual([])
      const error = await errorOf(iterator.next())
      expect(error).toMatchObject({ code: 'ABORTED' })
      expect(error.cause).toBe(reason)
    }
  })

  it('is closed when the signal fires in the middle of a read', async () => {
    const files = large
    const controller = new AbortController()
    const fs = withHandles((handle) => ({
      read(...args) {
        if (args[3] > 0) controller.abort()
        return handle.read(...args)
      },
    }))
    const { root, store } = realStore({ fs }, files)
    const bytes = await store.source('a').open(undefined, { signal: controller.signal })
    expect(await errorOf(collect(bytes))).toMatchObject({ code: 'ABORTED' })
    expect(openFilesIn(root)).toEqual([])
  })

  it('is closed when the signal fired while the file was being opened', async () => {
    const files = large
    const controller = new AbortController()
    const fs = withHandles(() => {
      controller.abort()
      return {}
    })
    const { root, store } = realStore({ fs }, files)
    const opening = store.source('a').open(undefined, { signal: controller.signal })
    expect(await errorOf(opening)).toMatchObject({ code: 'ABORTED' })
    expect(openFilesIn(root)).toEqual([])
  })

  it('is closed after a read error, which is the cause', async () => {
    const files = large
    const cause = failure('EIO')
    const fs = withHandles(() => ({ read: () => Promise.reject(cause) }))
    const { root, store } = realStore({ fs }, files)
    const error = await errorOf(collect(await store.source('a').open()))
    expect(error).toMatchObject({ code: 'SOURCE_FAILED', retry: 'temporary', context: { errno: 'EIO' } })
    expect(error.cause).toBe(cause)
    expect(openFilesIn(root)).toEqual([])
  })

  it('is closed with the store, twice if you like', async () => {
    const { root, store } = realStore({}, large)
    const bytes = await store.source('a').open()
    await store.close()
    await store.close()
    expect(openFilesIn(root)).toEqual([])
    expect(await errorOf(collect(bytes))).toMatchObject({ code: 'ABORTED' })
    expect(existsSync(join(root, 'a'))).toBe(true)
  })

  it('leaves no listener on the signal', async () => {
    const { store } = realStore({}, large)
    const { signal } = new AbortController()
    let listeners = 0
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)]
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++
      add(...args)
    }
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--
      remove(...args)
    }
    await collect(await store.source('a').open(undefined, { signal }))
    expect(listeners).toBe(0)
  })
})
