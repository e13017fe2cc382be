import { describe, expect, it } from 'vitest'
import { memory } from '../../src/adapters/memory'
import type { Source } from '../../src/contract/source'
import { transfer } from '../../src/transfer/transfer'
import { KiB, openBackend } from './backends'
import { collect, pattern, sha256 } from './fakes'

const small = pattern(16 * KiB)
/** Memory that takes small objects whole, as the object stores do. */
const putting = (maxPutSize = 8 * 1024 * KiB) => memory({ maxPutSize })
const operations = (server: { requests: readonly { operation: string }[] }) =>
  server.requests.map(({ operation }) => operation)

describe.each(['ceph', 'cos'] as const)('a small object, from %s', (name) => {
  it.each(['ceph', 'cos'] as const)('takes one request of each end, to %s', async (other) => {
    await using from = await openBackend(name)
    await using to = await openBackend(other)
    await from.server.put('k', small, { contentType: 'text/plain', metadata: { a: 'b' } })
    const result = await transfer(from.store.source('k'), to.store.sink('k'))
    expect(result).toMatchObject({ bytes: small.length, parts: 1, retries: 0 })
    expect(result.verified).toContain(other === 'cos' ? 'object-crc64' : 'object-etag')
    expect(operations(from.server)).toEqual(['GetObject'])
    expect(operations(to.server)).toEqual(['PutObject'])
    const stored = to.server.object('k')!
    expect(sha256(await stored.bytes())).toBe(sha256(small))
    expect(stored.attributes).toMatchObject({ contentType: 'text/plain', metadata: { a: 'b' } })
  })

  it('may be empty', async () => {
    await using from = await openBackend(name)
    const to = putting()
    await from.server.put('k', '')
    expect(await transfer(from.store.source('k'), to.sink('k'))).toMatchObject({ bytes: 0, parts: 0 })
    expect(await to.source('k').stat()).toMatchObject({ size: 0 })
  })

  it('is read on where its only answer breaks off, and then looked at again', async () => {
    await using from = await openBackend(name)
    const to = putting()
    await from.server.put('k', small)
    from.server.misbehave({ when: { operation: 'GetObject' }, fault: { type: 'truncate', after: 5000 } })
    const result = await transfer(from.store.source('k'), to.sink('k'), {
      retry: { minDelay: 0, maxDelay: 1 },
    })
    expect(result).toMatchObject({ bytes: small.length, retries: 1 })
    expect(sha256(await collect(await to.source('k').open()))).toBe(sha256(small))
    expect(operations(from.server)).toEqual(['GetObject', 'GetObject', 'HeadObject'])
    expect(from.server.requests[1]!.headers).toMatchObject({ 'if-match': expect.any(String) })
  })

  it('moves no byte where it is skipped', async () => {
    await using from = await openBackend(name)
    const to = putting()
    await from.server.put('k', small)
    await transfer(from.store.source('k'), to.sink('k'))
    const before = from.server.requests.length
    const result = await transfer(from.store.source('k'), to.sink('k'), { ifExists: 'skip' })
    expect(result.skipped).toBe(true)
    expect(operations(from.server).slice(before)).toEqual(['HeadObject'])
  })
})

describe('a source that can be peeked at', () => {
  /** Counts its calls; its bytes note that they were freed. */
  function peekable(size: number) {
    const calls: string[] = []
    const info = { key: 'k', size, version: '1' }
    async function* bytes() {
      try {
        yield pattern(size)
      } finally {
        calls.push('freed')
      }
    }
    const source: Source = {
      location: 'peekable',
      async peek(limit) {
        calls.push(`peek ${limit}`)
        const given = bytes()
        const first = await given.next()
        async function* whole() {
          yield first.value as Uint8Array
          yield* given
        }
        return size <= limit
          ? { info, bytes: Object.assign(whole(), { destroy: () => void given.return() }) }
          : { info }
      },
      async stat() {
        calls.push('stat')
        return info
      },
      async open() {
        calls.push('open')
        return bytes()
      },
    }
    return { source, calls }
  }

  it('is asked for no more than is put whole, and than a part', async () => {
    const { source, calls } = peekable(10)
    await transfer(source, putting(1000).sink('k'))
    await transfer(source, putting().sink('k'), { partSize: 100 })
    await transfer(source, putting().sink('k'))
    expect(calls.filter((call) => call !== 'freed')).toEqual(['peek 1000', 'peek 100', `peek ${256 * KiB}`])
  })

  it('is not asked where the sink takes parts alone', async () => {
    const { source, calls } = peekable(10)
    await transfer(source, memory().sink('k'))
    expect(calls).not.toContain(expect.stringMatching(/^peek/))
    expect(calls[0]).toBe('stat')
  })

  it('has its bytes freed where the transfer fails before they are read', async () => {
    const { source, calls } = peekable(10)
    const to = putting()
    await transfer(source, to.sink('k'))
    calls.length = 0
    const failing = transfer(source, to.sink('k'), { ifExists: 'fail' })
    await expect(failing).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    expect(calls).toEqual([`peek ${256 * KiB}`, 'freed'])
  })
})
