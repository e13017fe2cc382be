import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { WriteSession } from '../../../src/contract/sink'
import type { OperationName } from '../../../src/testing'
import { bodyOf, failure, pair, part, plain } from './servers'

const mebibyte = 1024 ** 2
const bytes = Buffer.alloc(mebibyte, 'sluiceway')
const few = Buffer.alloc(10)

describe('retries', () => {
  type Calls = Record<
    string,
    (at: Awaited<ReturnType<typeof pair>>, session: WriteSession) => Promise<unknown>
  >
  const calls: Calls = {
    HeadObject: ({ store }) => store.source('key').stat(),
    GetObject: ({ store }) => store.source('key').open(),
    UploadPart: (_, session) => session.writePart(part(10), bodyOf(few)),
    ListParts: (_, session) => session.listParts!(),
    AbortMultipartUpload: (_, session) => session.abort(),
    ListObjects: async ({ store }) => {
      for await (const _info of store.list());
    },
  }
  for (const [operation, call] of Object.entries(calls)) {
    for (const fault of [{ type: 'status', status: 500 }, { type: 'reset' }] as const) {
      const reset = fault.type === 'reset'
      it(`are left to the core: ${operation} is sent once, though it meets a ${reset ? 'reset' : '500'}`, async () => {
        await using at = await pair()
        await at.server.put('key', bytes)
        const session = await at.store.sink('other').begin(plain)
        const when = { operation: operation as OperationName }
        const rule = at.server.misbehave({ when, times: 100, fault })
        const error = await failure(call(at, session))
        expect(error).toMatchObject({ code: reset ? 'CONNECTION' : 'SERVER_ERROR', retry: 'temporary' })
        // Four attempts of the SDK take 25 ms.
        await sleep(60)
        expect(rule.hits).toBe(1)
        at.server.behave()
        await session.abort()
      })
    }
  }

  it('are left to the core: a new upload is asked for once', async () => {
    await using at = await pair()
    const when = { operation: 'CreateMultipartUpload' } as const
    const rule = at.server.misbehave({ when, times: 100, fault: { type: 'status', status: 500 } })
    expect((await failure(at.store.sink('key').begin(plain))).code).toBe('SERVER_ERROR')
    await sleep(60)
    expect(rule.hits).toBe(1)
    at.server.behave()
  })

  it('are left to the core: a completion is sent once', async () => {
    await using at = await pair()
    const session = await at.store.sink('key').begin(plain)
    const receipt = await session.writePart(part(10), bodyOf(Buffer.alloc(10)))
    const when = { operation: 'CompleteMultipartUpload' } as const
    const rule = at.server.misbehave({ when, times: 100, fault: { type: 'status', status: 503 } })
    expect(await failure(session.commit([receipt]))).toMatchObject({ code: 'THROTTLED', retry: 'temporary' })
    await sleep(60)
    expect(rule.hits).toBe(1)
    at.server.behave()
    await session.abort()
  })
})
