import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { ConnectionMessage } from '../../src'
import { createLifecycle, type Lifecycle, type LifecycleOptions } from '../../src'
import { ceph } from '../../src/adapters/ceph'
import { pendingEvents } from '../../src/lifecycle/pending-events'
import { type S3Server, s3Server } from '../../src/testing'
import { withDirectReads } from '../support/direct-reads'
import { messagesOf } from '../support/messages'

withDirectReads()

const pools = ['agent', 'direct'] as const
type Pool = (typeof pools)[number]

async function setUp(options: LifecycleOptions = {}) {
  const server = await s3Server()
  await server.put('key', 'some bytes')
  const lifecycle = createLifecycle(options)
  const store = ceph({
    endpoint: server.url,
    bucket: server.bucket,
    credentials: server.credentials,
    lifecycle,
  })
  onTestFinished(async () => {
    await store.close()
    await lifecycle.close()
    await server.close()
    // The end of its connections is no news of the next test.
    await pendingEvents()
  })
  /** One request of either pool: only the bytes of objects are read directly. */
  const use = async (pool: Pool, signal?: AbortSignal) => {
    if (pool === 'agent') await store.source('key').stat({ signal })
    else for await (const _ of await store.source('key').open(undefined, { signal }));
  }
  return { server, lifecycle, store, use }
}

describe.each(pools)('the channel of connections, of the %s pool', (pool) => {
  const listen = () => {
    const all = messagesOf('sluiceway:connection')
    return () => all.filter((message) => message.pool === pool)
  }
  const retired = (messages: ConnectionMessage[]) =>
    messages.flatMap((message) => (message.type === 'retired' ? [message.reason] : []))

  it('tells when one is opened and used again', async () => {
    const messages = listen()
    const { use } = await setUp()
    await use(pool)
    await use(pool)
    expect(messages()).toEqual([
      { type: 'opened', pool },
      { type: 'reused', pool },
    ])
  })

  it.each<[string, (stage: { lifecycle: Lifecycle; server: S3Server }) => unknown, LifecycleOptions]>([
    ['renewed', ({ lifecycle }) => lifecycle.onTaskStart(), {}],
    ['age', ({ lifecycle }) => lifecycle.onTaskEnd(), { maxAge: 1 }],
    ['idle', () => {}, { maxIdle: 30 }],
    ['closed', ({ server }) => server.close(), {}],
  ])('tells that one was retired: %s', async (reason, retire, options) => {
    const messages = listen()
    const stage = await setUp(options)
    await stage.use(pool)
    await new Promise((resolve) => setTimeout(resolve, 5))
    await retire(stage)
    await vi.waitFor(() => expect(retired(messages())).toEqual([reason]))
  })

  it('knows one that has rested, though its timer was early by the clock', async () => {
    const messages = listen()
    const { use } = await setUp({ maxIdle: 30 })
    const standing = vi.spyOn(performance, 'now').mockReturnValue(performance.now())
    onTestFinished(() => standing.mockRestore())
    await use(pool)
    await vi.waitFor(() => expect(retired(messages())).toEqual(['idle']))
  })

  it('does not take one that was given up in use for one that rested too long', async () => {
    const messages = listen()
    const { server, use } = await setUp({ maxIdle: 200 })
    await use(pool)
    server.misbehave({ fault: { type: 'stall' } })
    await expect(use(pool, AbortSignal.timeout(300))).rejects.toThrow()
    await vi.waitFor(() => expect(retired(messages()).at(-1)).toBe('closed'))
  })

  it('tells of one that never came to be', async () => {
    const messages = listen()
    const stage = await setUp()
    await stage.server.close()
    await expect(stage.use(pool)).rejects.toThrow()
    await vi.waitFor(() => expect(retired(messages())).toEqual(['error']))
  })
})

it('says nothing of a connection that was opened before anybody listened', async () => {
  const { lifecycle, use } = await setUp()
  await use('agent')
  const messages = messagesOf('sluiceway:connection')
  await lifecycle.onTaskStart()
  await new Promise((resolve) => setImmediate(resolve))
  expect(messages).toEqual([])
  // And goes on to say so of others.
  await use('agent')
  expect(messages).toEqual([{ type: 'opened', pool: 'agent' }])
})
