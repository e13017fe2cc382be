import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import type { TransferOptions } from '../../../src/transfer/options'
import { transfer } from '../../../src/transfer/transfer'
import { type Backend, type BackendName, backendNames, KiB, openBackend } from '../backends'
import { fakeSource, pattern, quickRetry, sha256 } from '../fakes'

const large = pattern(5 * 16 * KiB)
const small = pattern(3 * KiB)
const old = pattern(3 * KiB + 1)

type Operation = 'CreateMultipartUpload' | 'UploadPart' | 'CompleteMultipartUpload' | 'PutObject'
type Answer = 'error-in-200' | 'empty-200' | 'a page'

const isOperation = ({ method, url = '' }: IncomingMessage, operation: Operation) =>
  ({
    CreateMultipartUpload: method === 'POST' && url.includes('uploads'),
    UploadPart: method === 'PUT' && url.includes('partNumber'),
    CompleteMultipartUpload: method === 'POST' && url.includes('uploadId'),
    PutObject: method === 'PUT' && !url.includes('partNumber'),
  })[operation]

/** A backend that answers so many requests of this kind with a 200 that is none. */
async function lying(name: BackendName, operation: Operation, answer: Answer, work: boolean, times: number) {
  let left = times
  const page = (request: IncomingMessage) =>
    answer === 'a page' && isOperation(request, operation) && left-- > 0
      ? work
        ? ('after the work' as const)
        : ('instead of the work' as const)
      : undefined
  const backend = await openBackend(name, page)
  await backend.server.put('key', old)
  if (answer !== 'a page') {
    backend.server.misbehave({ when: { operation }, times, fault: { type: answer, work } })
  }
  return backend
}

const send = (backend: Backend, bytes: Uint8Array, options: TransferOptions = {}) =>
  transfer(fakeSource(bytes), backend.store.sink('key'), {
    partSize: 16 * KiB,
    concurrency: 2,
    retry: quickRetry,
    ...options,
  })

const stored = async ({ server }: Backend) => sha256(await server.object('key')!.bytes())

const operations: [Operation, Uint8Array][] = [
  ['CreateMultipartUpload', large],
  ['UploadPart', large],
  ['CompleteMultipartUpload', large],
  ['PutObject', small],
]
const answers: Answer[] = ['error-in-200', 'empty-200', 'a page']

describe.each(backendNames)('on %s, a 200 that is no success', (name) => {
  describe.each(answers)('(%s)', (answer) => {
    it.each(operations)(
      'to one %s ends in the exact object, and leaves no upload',
      async (operation, bytes) => {
        for (const work of [false, true]) {
          await using backend = await lying(name, operation, answer, work, 1)
          const result = await send(backend, bytes)
          expect(result.bytes).toBe(bytes.byteLength)
          expect(await stored(backend)).toBe(sha256(bytes))
          await backend.store.close()
          expect(backend.server.uploads()).toEqual([])
        }
      },
    )

    it.each(operations)('to every %s is SERVER_ERROR, and the old object stays', async (operation, bytes) => {
      await using backend = await lying(name, operation, answer, false, Number.POSITIVE_INFINITY)
      await expect(send(backend, bytes)).rejects.toMatchObject({ code: 'SERVER_ERROR', retry: 'exhausted' })
      expect(await stored(backend)).toBe(sha256(old))
      await backend.store.close()
      expect(backend.server.uploads()).toEqual([])
    })

    it.each(operations.slice(2))(
      'to every %s is a success where the work was done',
      async (operation, bytes) => {
        await using backend = await lying(name, operation, answer, true, Number.POSITIVE_INFINITY)
        expect((await send(backend, bytes)).bytes).toBe(bytes.byteLength)
        expect(await stored(backend)).toBe(sha256(bytes))
        expect(backend.server.uploads()).toEqual([])
      },
    )
  })

  it('to an abort leaves no upload', async () => {
    for (const answer of ['error-in-200', 'empty-200'] as const) {
      await using backend = await openBackend(name)
      const refuse = { type: 'status', status: 403, code: 'AccessDenied' } as const
      backend.server.misbehave({ when: { operation: 'UploadPart', partNumber: 3 }, times: 9, fault: refuse })
      backend.server.misbehave({ when: { operation: 'AbortMultipartUpload' }, fault: { type: answer } })
      await expect(send(backend, large)).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
      await backend.store.close()
      expect(backend.server.uploads()).toEqual([])
    }
  })
})

describe('a 200 that is no success to a copy', () => {
  it.each(['error-in-200', 'empty-200'] as const)('(%s) is not taken for one', async (answer) => {
    await using backend = await openBackend('ceph')
    await backend.server.put('from', large)
    const when = { operation: 'UploadPartCopy' } as const
    const fault = backend.server.misbehave({ when, fault: { type: answer } })
    const { store } = backend
    const options = { partSize: 16 * KiB, retry: quickRetry }
    const { version } = await store.source('from').stat()
    await transfer(store.source('from', { version }), store.sink('key'), options)
    expect(fault.hits).toBe(1)
    expect(await stored(backend)).toBe(sha256(large))
  })
})
