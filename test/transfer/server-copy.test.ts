import { expect, it } from 'vitest'
import { transfer } from '../../src/transfer/transfer'
import { KiB, openBackend } from './backends'
import { collect, pattern, sha256 } from './fakes'

const large = pattern(100 * KiB)

it('is left to the gateway where both ends are its own', async () => {
  await using backend = await openBackend('ceph')
  await backend.server.put('from', large)
  const result = await transfer(backend.store.source('from'), backend.store.sink('to'), {
    partSize: 16 * KiB,
  })
  const operations = backend.server.requests.map(({ operation }) => operation)
  expect(operations.filter((operation) => operation === 'UploadPartCopy')).toHaveLength(7)
  // The first look, which brings the bytes of small objects.
  expect(operations.filter((operation) => operation === 'GetObject')).toHaveLength(1)
  expect(result.verified).toContain('size')
  expect(sha256(await collect(await backend.store.source('to').open()))).toBe(sha256(large))
})

it('is not, where the source itself is to be checked', async () => {
  await using backend = await openBackend('ceph')
  await backend.server.put('from', large)
  const options = { partSize: 16 * KiB, verify: 'end-to-end' } as const
  const result = await transfer(backend.store.source('from'), backend.store.sink('to'), options)
  expect(backend.server.requests.map(({ operation }) => operation)).not.toContain('UploadPartCopy')
  expect(result.verified).toContain('source-etag')
})
