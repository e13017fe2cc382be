import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { TransferError } from '../../../src/contract/errors'
import type { Committed, PendingObject } from '../../../src/contract/sink'
import type { TransferOptions } from '../../../src/transfer/options'
import { transfer } from '../../../src/transfer/transfer'
import { deaf, fakeSink, fakeSource, pattern } from '../fakes'

const bytes = pattern(3000)
const lost = (code: 'CONNECTION' | 'SERVER_ERROR' = 'CONNECTION', context = {}) =>
  new TransferError(code, 'no reply', { retry: 'temporary', context })

interface Backend {
  /** What looking finds, one after another; the last for ever. */
  readonly looks: (Committed | undefined | TransferError | 'silence')[]
  readonly abort?: () => Promise<void>
  readonly failure?: TransferError
  readonly method?: 'commit' | 'put'
}

const there: Committed = { size: bytes.byteLength, etag: 'e' }

/** A transfer whose commit or put has no reply, to a sink that can look. `calls` are those made since. */
function losing(
  { looks, abort, failure = lost(), method = 'commit' }: Backend,
  options: TransferOptions = {},
) {
  const calls: string[] = []
  const asked: PendingObject[] = []
  const fail = async () => {
    throw failure
  }
  const sink = fakeSink({
    session: {
      ...(method === 'commit' && { commit: fail }),
      async abort() {
        calls.push('abort')
        await abort?.()
      },
    },
    sink: {
      ...(method === 'put' && { put: fail, capabilities: { maxPutSize: 5000 } }),
      async reconcile(pending) {
        calls.push('look')
        asked.push(pending)
        const found = looks.length > 1 ? looks.shift() : looks[0]
        if (found === 'silence') return deaf()
        if (found instanceof Error) throw found
        return found
      },
    },
  })
  const result = transfer(fakeSource(bytes), sink, {
    retry: { retries: 0 },
    ...(method === 'commit' && { partSize: 1000 }),
    ...options,
  })
  return { result, calls, asked, looks, sink }
}

/** The error of a transfer that could not look, and what it looks at later. */
async function unknown(later: Backend['looks'], backend: Partial<Backend> = {}, options?: TransferOptions) {
  const losses = losing({ looks: [lost()], ...backend }, options)
  const error = (await losses.result.catch((failure) => failure)) as TransferError
  expect(error).toMatchObject({ code: 'OUTCOME_UNKNOWN', retry: 'exhausted' })
  losses.looks.splice(0, losses.looks.length, ...later)
  losses.calls.length = 0
  return { ...losses, error, reconcile: error.reconcile! }
}

describe('a commit whose reply was lost', () => {
  it('has succeeded where looking finds the object, and its session is cleaned up', async () => {
    const { result, calls, asked } = losing({ looks: [there] })
    await expect(result).resolves.toMatchObject({ bytes: 3000, parts: 3, partSize: 1000, etag: 'e' })
    expect(calls).toEqual(['look', 'abort'])
    expect(asked[0]).toMatchObject({ size: 3000, session: { uploadId: 'upload-1' } })
    expect(asked[0]?.receipts.map(({ index, size }) => [index, size])).toEqual([
      [0, 1000],
      [1, 1000],
      [2, 1000],
    ])
  })

  it('ends in its own error only after the session was aborted and the object looked for again', async () => {
    const { result, calls } = losing({ looks: [undefined] })
    await expect(result).rejects.toMatchObject({ code: 'CONNECTION' })
    expect(calls.slice(0, 3)).toEqual(['look', 'abort', 'look'])
  })

  it('has succeeded where it landed between the look and the abort', async () => {
    const { result } = losing({ looks: [undefined, there] })
    await expect(result).resolves.toMatchObject({ bytes: 3000 })
  })

  it('is fenced, too, where the sink itself looked and found nothing yet', async () => {
    const failure = lost('CONNECTION', { settled: true })
    const { result, calls } = losing({ looks: [undefined, there], failure })
    await expect(result).resolves.toMatchObject({ bytes: 3000 })
    expect(calls.slice(0, 3)).toEqual(['look', 'abort', 'look'])
  })

  it('needs no fence where it was answered with an error, and the sink looked', async () => {
    const { result, calls } = losing({ looks: [there], failure: lost('SERVER_ERROR', { settled: true }) })
    await expect(result).rejects.toMatchObject({ code: 'SERVER_ERROR' })
    expect(calls).toEqual(['abort'])
  })

  it('leaves a session that is to be resumed, and is OUTCOME_UNKNOWN', async () => {
    const { result, calls } = losing({ looks: [undefined] }, { onFailure: 'keep' })
    await expect(result).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
    expect(calls).toEqual(['look'])
  })

  it('is OUTCOME_UNKNOWN where the session cannot be aborted', async () => {
    const abort = async () => {
      throw new TransferError('ACCESS_DENIED', 'no abort')
    }
    const { result } = losing({ looks: [undefined], abort })
    await expect(result).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  })

  it('is OUTCOME_UNKNOWN where another object than was sent is said to be it', async () => {
    const { result } = losing({ looks: [{ size: 2999 }] })
    await expect(result).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  })

  it('ends within 5 s though looking hangs', async () => {
    const { result } = losing({ looks: ['silence'], abort: deaf })
    await expect(result).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  }, 5000)
})

describe('a put whose reply was lost', () => {
  it('has succeeded where looking finds the object', async () => {
    const { result, asked } = losing({ looks: [there], method: 'put' })
    await expect(result).resolves.toMatchObject({ bytes: 3000, parts: 1, etag: 'e' })
    expect(asked[0]).toMatchObject({ size: 3000, receipts: [] })
    expect(asked[0]?.digests.md5).toMatch(/^[0-9a-f]{32}$/)
  })

  it('is OUTCOME_UNKNOWN where it may still land, and reconcile() waits for that', async () => {
    const { reconcile, calls } = await unknown([undefined, there], { looks: [undefined], method: 'put' })
    await expect(reconcile()).resolves.toMatchObject({ bytes: 3000 })
    expect(calls).toEqual(['look', 'look'])
  }, 15_000)
})

describe('reconcile()', () => {
  it('resolves with the result of the transfer where the object stands there', async () => {
    const { error, reconcile } = await unknown([there])
    expect(error.message).toContain('reconcile()')
    await expect(reconcile()).resolves.toMatchObject({
      bytes: 3000,
      parts: 3,
      partSize: 1000,
      etag: 'e',
      verified: ['size'],
      digests: { crc64: expect.stringMatching(/^\d+$/) },
    })
  })

  it('says undefined only after aborting the session and looking once more', async () => {
    const { reconcile, calls } = await unknown([undefined])
    await expect(reconcile()).resolves.toBeUndefined()
    expect(calls).toEqual(['look', 'abort', 'look'])
  })

  it('finds a commit that landed before the session was aborted', async () => {
    const { reconcile } = await unknown([undefined, there])
    await expect(reconcile()).resolves.toMatchObject({ bytes: 3000 })
  })

  it('aborts a session that was kept, too', async () => {
    const { reconcile, calls } = await unknown([undefined], {}, { onFailure: 'keep' })
    await expect(reconcile()).resolves.toBeUndefined()
    expect(calls).toEqual(['look', 'abort', 'look'])
  })

  it('rejects as OUTCOME_UNKNOWN while it cannot be told, and can be asked again', async () => {
    const { reconcile, looks } = await unknown([lost()])
    const still = (await reconcile().catch((error) => error)) as TransferError
    expect(still).toMatchObject({ code: 'OUTCOME_UNKNOWN', cause: { code: 'CONNECTION' } })
    looks.splice(0, 1, there)
    await expect(still.reconcile!()).resolves.toMatchObject({ bytes: 3000 })
  })

  it('gives one answer, however often it is called', async () => {
    const { reconcile, calls } = await unknown([there])
    const [first, second] = await Promise.all([reconcile(), reconcile()])
    expect(second).toBe(first)
    calls.length = 0
    expect(await reconcile()).toBe(first)
    expect(calls).toEqual([])
  })

  it('tells ABORTED when its signal fires, and can be asked again', async () => {
    const { reconcile, looks } = await unknown(['silence'])
    const controller = new AbortController()
    const asking = reconcile({ signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(asking).rejects.toMatchObject({ code: 'ABORTED', cause: { message: 'enough' } })
    await expect(reconcile({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
    looks.splice(0, 1, there)
    await expect(reconcile()).resolves.toMatchObject({ bytes: 3000 })
  })

  it('is there on OUTCOME_UNKNOWN alone, stays on copies of the error, and shows nowhere', async () => {
    const { error } = await unknown([there])
    const copy = error.with({ context: { more: 1 } })
    expect(copy.reconcile).toBe(error.reconcile)
    expect(JSON.stringify(copy)).not.toContain('reconcile":')
    expect(Object.keys(copy)).not.toContain('reconcile')
    expect(inspect(copy)).not.toMatch(/reconcile:/)
    const other = await losing({ looks: [undefined] }).result.catch((failure) => failure)
    expect('reconcile' in other).toBe(false)
  })
})
