import { describe, expect, it } from 'vitest'
import { cosServer, s3Server } from '../../../src/testing'
import { neighbourSize } from './protocol'
import { runTasks, type Standstill } from './standstill'

const kinds = {
  ceph: () => s3Server({ keepAliveTimeout: 100, storage: 'discard' }),
  cos: () => cosServer({ keepAliveTimeout: 100, storage: 'discard' }),
}

const cases = (['ceph', 'cos'] as const).flatMap((kind) =>
  (['blocked', 'stopped'] as const).map((how): [string, typeof kind, Standstill] => [
    `${kind} by a process that was ${how}`,
    kind,
    how,
  ]),
)

async function tasks(kind: keyof typeof kinds, how: Standstill, rounds: number, hook: boolean) {
  const server = await kinds[kind]()
  try {
    server.addSynthetic('large', neighbourSize)
    const { url: endpoint, bucket, credentials, connections } = server
    return await runTasks({
      ...{ kind, how, rounds, hook, endpoint, bucket, credentials, large: 'large' },
      openConnections: () => connections.open,
    })
  } finally {
    await server.close()
  }
}

/** Milliseconds. A longer standstill is noticed without any hook. */
const unnoticed = 1900

describe.concurrent('uploads while the server has closed the idle connections', () => {
  it.each(cases)('fail without the hook: to %s', async (_, kind, how) => {
    const { outcomes, standstills } = await tasks(kind, how, 5, false)
    const judged = outcomes.filter((_outcome, round) => standstills[round]! < unnoticed)
    expect(new Set(judged)).toEqual(new Set(['CONNECTION']))
  })

  it.each(cases)(
    'succeed 20 of 20 after onTaskStart, and disturb nobody: to %s',
    async (_, kind, how) => {
      const { outcomes, upload, downloaded } = await tasks(kind, how, 20, true)
      expect(outcomes).toEqual(Array(20).fill('ok'))
      expect(upload).toEqual({ bytes: 5 * 1024 ** 2 + 1, retries: 0 })
      expect(downloaded).toBe(neighbourSize)
    },
    180_000,
  )
})
