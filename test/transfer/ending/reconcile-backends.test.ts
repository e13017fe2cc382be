import { describe, expect, it } from 'vitest'
import type { TransferError } from '../../../src/contract/errors'
import type { MisbehaviourRule } from '../../../src/testing/servers'
import { transfer } from '../../../src/transfer/transfer'
import { type Backend, backendNames, KiB, openBackend } from '../backends'
import { fakeSource, pattern, quickRetry, sha256 } from '../fakes'

const large = pattern(5 * 16 * KiB)
const small = pattern(3 * KiB)
const old = pattern(3 * KiB + 1)
const always = Number.POSITIVE_INFINITY

const stored = async ({ server }: Backend) => sha256(await server.object('key')!.bytes())

/** A transfer whose last request goes wrong like this, to a backend that cannot be looked at meanwhile. */
async function unknown(backend: Backend, bytes: Uint8Array, fault: MisbehaviourRule['fault']) {
  const { server, store } = backend
  await server.put('key', old)
  const operation = ['CompleteMultipartUpload', 'PutObject'] as const
  server.misbehave({ when: { operation }, times: always, fault })
  server.misbehave({
    when: { operation: ['HeadObject', 'ListParts', 'AbortMultipartUpload'] },
    times: always,
    fault: { type: 'reset' },
  })
  const sending = transfer(fakeSource(bytes), store.sink('key', { contentType: 'text/plain' }), {
    partSize: 16 * KiB,
    retry: quickRetry,
  })
  const error = (await sending.catch((failure) => failure)) as TransferError
  expect(error).toMatchObject({ code: 'OUTCOME_UNKNOWN', retry: 'exhausted' })
  return error
}

describe.each(backendNames)('reconcile() on %s', (name) => {
  const check = name === 'ceph' ? 'object-etag' : 'object-crc64'

  it.each([
    ['upload', large, 5],
    ['put', small, 1],
  ] as const)('finds the object of an %s whose replies were lost', async (_, bytes, parts) => {
    await using backend = await openBackend(name)
    const error = await unknown(backend, bytes, { type: 'lost-reply' })
    await expect(error.reconcile!()).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
    backend.server.behave()
    const result = await error.reconcile!()
    expect(result).toMatchObject({ bytes: bytes.byteLength, parts })
    expect(result?.verified).toContain(check)
    expect(await stored(backend)).toBe(sha256(bytes))
    await backend.store.close()
    expect(backend.server.uploads()).toEqual([])
  })

  it('settles that an upload was not committed, and that it never will be', async () => {
    await using backend = await openBackend(name)
    const error = await unknown(backend, large, { type: 'reset' })
    backend.server.behave()
    expect(await error.reconcile!()).toBeUndefined()
    expect(backend.server.uploads()).toEqual([])
    expect(await stored(backend)).toBe(sha256(old))
  })

  it('claims no object of the same bytes that carries another content type', async () => {
    await using backend = await openBackend(name)
    const error = await unknown(backend, small, { type: 'reset' })
    backend.server.behave()
    await backend.server.put('key', small)
    await expect(error.reconcile!()).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  })
})
