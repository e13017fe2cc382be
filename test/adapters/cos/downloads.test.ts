import { describe, expect, it, vi } from 'vitest'
import { answering, failure, pair, read } from './servers'

const mebibyte = 1024 ** 2
const bytes = Buffer.alloc(mebibyte, 'sluiceway')

describe('downloads', () => {
  it('never give the XML of an error as bytes', async () => {
    await using at = await pair()
    await at.server.put('key', bytes)
    at.server.misbehave({ fault: { type: 'status', status: 500 } })
    expect(await failure(at.store.source('key').open())).toMatchObject({
      code: 'SERVER_ERROR',
      retry: 'temporary',
    })
    expect(await failure(at.store.source('missing').open())).toMatchObject({
      code: 'NOT_FOUND',
      retry: 'permanent',
    })
  })

  it('that are cut off are an error, though the SDK calls them a success', async () => {
    await using at = await pair()
    await at.server.put('key', bytes)
    at.server.misbehave({ fault: { type: 'truncate', after: 1000 } })
    const error = await failure(at.store.source('key').open().then(read))
    expect(error.retry).toBe('temporary')
    expect(['CONNECTION', 'TRUNCATED']).toContain(error.code)
  })

  it('of another range than the one asked for are refused', async () => {
    await using at = await pair()
    await at.server.put('key', bytes)
    at.server.misbehave({ fault: { type: 'wrong-content-range' } })
    const error = await failure(at.store.source('key').open({ start: 10, end: 20 }))
    expect(error).toMatchObject({ code: 'SERVER_ERROR', retry: 'temporary' })
    await vi.waitFor(() => expect(at.server.connections.open).toBe(0))
  })

  it('of fewer bytes than the range has are refused before the first', async () => {
    await using at = await pair()
    await at.server.put('key', bytes)
    at.server.misbehave({ fault: { type: 'short-length', bytes: 1 } })
    expect((await failure(at.store.source('key').open({ start: 10, end: 20 }))).code).toBe('SERVER_ERROR')
  })

  it.each([
    ['"one"', { etag: '"other"' }],
    ['one', { etag: '"any"', 'x-cos-version-id': 'other' }],
  ])(
    'of another version than %s are refused, though a cache on the way does not',
    async (version, headers) => {
      const range = { 'content-range': 'bytes 0-9/10', 'content-length': '10' }
      await using at = await answering((_, response) => {
        response.writeHead(206, { ...range, ...headers }).end('0123456789')
      })
      const error = await failure(at.store.source('key').open({ start: 0, end: 10 }, { version }))
      expect(error).toMatchObject({ code: 'SOURCE_CHANGED', retry: 'permanent' })
    },
  )

  it('that are left early, or never read, give their socket back', async () => {
    await using at = await pair()
    await at.server.addSynthetic('key', 64 * mebibyte)
    for await (const _chunk of await at.store.source('key').open()) break
    const controller = new AbortController()
    await at.store.source('key').open(undefined, { signal: controller.signal })
    controller.abort()
    await vi.waitFor(() => expect(at.server.connections.open).toBe(0))
  })
})
