import { describe, expect, it } from 'vitest'
import { TransferError } from '../../../src/contract/errors'
import type { Committed, WriteSession } from '../../../src/contract/sink'
import { transfer } from '../../../src/transfer/transfer'
import { deaf, fakeSink, fakeSource, pattern, quickRetry } from '../fakes'

const bytes = pattern(1000)
const temporary = (code: 'CONNECTION' | 'THROTTLED' | 'SERVER_ERROR', cause?: unknown, context = {}) =>
  new TransferError(code, 'no reply', { retry: 'temporary', cause, context })
const refused = () => Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })
const reset = () => Object.assign(new Error('reset'), { code: 'ECONNRESET' })

/** A transfer whose attempts to make the object visible fail like this, one after another. */
function failing(method: 'commit' | 'put', ...failures: (unknown | (() => Promise<Committed>))[]) {
  const attempt = async (): Promise<Committed> => {
    const failure = failures.shift()
    if (typeof failure === 'function') return failure()
    throw failure
  }
  const capabilities = { maxPutSize: 5000 }
  const sink = fakeSink(
    method === 'put' ? { sink: { put: attempt, capabilities } } : { session: { commit: attempt } },
  )
  const retry = { ...quickRetry, retries: failures.length - 1 }
  return { sink, result: transfer(fakeSource(bytes), sink, { retry, timeouts: { idle: 30 } }) }
}

describe.each(['commit', 'put'] as const)('a %s whose reply was lost', (method) => {
  it.each([
    ['could not be sent again', [temporary('CONNECTION'), temporary('CONNECTION', refused())]],
    ['was put off when sent again', [temporary('CONNECTION'), temporary('THROTTLED')]],
    ['was not allowed when sent again', [temporary('CONNECTION'), new TransferError('ACCESS_DENIED', 'no')]],
    ['was given up', [() => deaf()]],
    ['was given up, and could not be sent again', [() => deaf(), refused()]],
    ['ended in an error of a sink of the caller’s own', [reset()]],
    ['ended in a server error nobody could look behind', [temporary('SERVER_ERROR')]],
  ])('and that %s is OUTCOME_UNKNOWN', async (_, failures) => {
    const { sink, result } = failing(method, ...failures)
    await expect(result).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
    expect(sink.aborted).toBe(0)
  })

  it.each([
    ['THROTTLED', [temporary('THROTTLED')]],
    ['CONNECTION', [refused(), refused()]],
    ['CONNECTION', [temporary('CONNECTION'), temporary('CONNECTION', undefined, { settled: true })]],
    ['ALREADY_EXISTS', [temporary('CONNECTION'), new TransferError('ALREADY_EXISTS', 'not ours')]],
    ['SINK_FAILED', [new Error('a bug')]],
  ])('is %s where it is known that nothing changed', async (code, failures) => {
    const { result } = failing(method, ...failures)
    await expect(result).rejects.toMatchObject({ code })
  })
})

describe('an object stored wrongly', () => {
  const wrong = { commit: async () => ({ size: 1 }) }
  const storing = (session: Partial<WriteSession>) =>
    transfer(fakeSource(bytes), fakeSink({ session: { ...wrong, ...session } }))

  it('is INTEGRITY where it has been taken back', async () => {
    const revoked: Committed[] = []
    const revoke = async (committed: Committed) => void revoked.push(committed)
    await expect(storing({ revoke })).rejects.toMatchObject({ code: 'INTEGRITY' })
    expect(revoked).toEqual([{ size: 1 }])
  })

  it('is OUTCOME_UNKNOWN where the sink cannot take it back', async () => {
    const failure = await storing({}).catch((error: TransferError) => error)
    expect(failure).toMatchObject({ code: 'OUTCOME_UNKNOWN', cause: { code: 'INTEGRITY' } })
  })

  it('is OUTCOME_UNKNOWN where that failed, until reconcile() has taken it back', async () => {
    let broken = true
    const revoke = async () => {
      if (broken) throw new TransferError('ACCESS_DENIED', 'no deletion')
    }
    const failure = (await storing({ revoke }).catch((error) => error)) as TransferError
    expect(failure).toMatchObject({ code: 'OUTCOME_UNKNOWN', cause: { code: 'INTEGRITY' } })
    await expect(failure.reconcile!()).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
    broken = false
    await expect(failure.reconcile!()).resolves.toBeUndefined()
  })

  it('does not hold an abort up for longer than 5 s, though taking it back hangs', async () => {
    const controller = new AbortController()
    const sink = fakeSink({
      session: {
        commit: async () => {
          controller.abort()
          return { size: 1 }
        },
        revoke: deaf,
        abort: deaf,
      },
    })
    const result = transfer(fakeSource(bytes), sink, { signal: controller.signal })
    await expect(result).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN', cause: { code: 'INTEGRITY' } })
  }, 5000)
})
