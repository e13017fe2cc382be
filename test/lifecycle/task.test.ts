import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ceph } from '../../src/adapters/ceph'
import { cos } from '../../src/adapters/cos'
import { disk } from '../../src/adapters/disk'
import { memory } from '../../src/adapters/memory'
import type { Store } from '../../src/contract/store'
import { createLifecycle } from '../../src/lifecycle'
import { cosServer, s3Server, writeObject } from '../../src/testing'
import { transfer } from '../../src/transfer/transfer'
import { openHandles, settled } from '../support/handles'

const size = 16 * 1024 ** 2
const bytes = Buffer.alloc(size, 'sluiceway')

/** A store with one large object, and how many sockets or files its bodies hold. */
interface Bench {
  readonly store: Store
  held(): number
}

const benches: Record<string, () => Promise<Bench>> = {
  async ceph() {
    const server = await s3Server()
    await server.put('key', bytes)
    const store = ceph({ bucket: server.bucket, endpoint: server.url, credentials: server.credentials })
    onTestFinished(() => server.close())
    onTestFinished(() => store.close())
    return { store, held: () => server.connections.open }
  },
  async cos() {
    const server = await cosServer()
    await server.put('key', bytes)
    const credentials = server.credentials as never
    const store = cos({ bucket: server.bucket, region: 'ap-guangzhou', credentials, endpoint: server.url })
    onTestFinished(() => server.close())
    onTestFinished(() => store.close())
    return { store, held: () => server.connections.open }
  },
  async disk() {
    const root = await mkdtemp(join(tmpdir(), 'sluiceway-task-'))
    await writeFile(join(root, 'key'), bytes)
    const store = disk({ root })
    onTestFinished(() => rm(root, { recursive: true }))
    onTestFinished(() => store.close())
    return { store, held: () => openHandles().files.filter((file) => file.startsWith(root)).length }
  },
  async memory() {
    const store = memory()
    await writeObject(store, 'key', bytes)
    return { store, held: () => 0 }
  },
}

const lifecycle = createLifecycle()

describe.each(Object.entries(benches))('bodies of %s opened in a task', (_, make) => {
  it('are freed with it, read or not', async () => {
    const { store, held } = await make()
    const iterators = await lifecycle.withTask(async () => {
      const unread = await store.source('key').open()
      const half = await store.source('key').open()
      const pending = await store.source('key').open({ start: 100, end: size })
      const iterator = half[Symbol.asyncIterator]()
      await iterator.next()
      const asked = pending[Symbol.asyncIterator]().next()
      asked.catch(() => {})
      return [unread[Symbol.asyncIterator](), iterator]
    })
    await settled(() => held() === 0, 2000)
    for (const iterator of iterators) await expect(iterator.next()).rejects.toMatchObject({ code: 'ABORTED' })
  })

  it('are freed with it when it fails, with its own error', async () => {
    const { store, held } = await make()
    const failure = new Error('of the task')
    const task = lifecycle.withTask(async () => {
      await store.source('key').open()
      throw failure
    })
    expect(await task.catch((error) => error)).toBe(failure)
    await settled(() => held() === 0, 2000)
  })

  it('do not take with them those of other tasks, nor those of no task', async () => {
    const { store } = await make()
    const outside = await store.source('key').open()
    let end = () => {}
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    const other = lifecycle.withTask(async () => {
      const body = await store.source('key').open()
      await ended
      return sizeOf(body)
    })
    await lifecycle.withTask(() => store.source('key').open())
    end()
    expect(await other).toBe(size)
    expect(await sizeOf(outside)).toBe(size)
  })

  it('can be read to their end in it', async () => {
    const { store } = await make()
    expect(await lifecycle.withTask(async () => sizeOf(await store.source('key').open()))).toBe(size)
  })
})

describe('a task', () => {
  it('gives what its function gives, synchronous or not', async () => {
    expect(await lifecycle.withTask(() => 1)).toBe(1)
    expect(await lifecycle.withTask(async () => 2)).toBe(2)
    expect(await createLifecycle().withTask(() => undefined)).toBeUndefined()
  })

  it('throws what its function throws, synchronous or not', async () => {
    const failure = new Error('of the task')
    const throws = () => {
      throw failure
    }
    expect(await lifecycle.withTask(throws).catch((error) => error)).toBe(failure)
    expect(await lifecycle.withTask(async () => throws()).catch((error) => error)).toBe(failure)
  })

  it('may run in another, whose bodies outlive it', async () => {
    const { store } = await benches.memory!()
    const outer = lifecycle.withTask(async () => {
      const body = await store.source('key').open()
      const inner = await lifecycle.withTask(() => store.source('key').open())
      await expect(sizeOf(inner)).rejects.toMatchObject({ code: 'ABORTED' })
      return sizeOf(body)
    })
    expect(await outer).toBe(size)
  })

  it('starts after idle connections were looked at', async () => {
    const own = createLifecycle()
    const order: string[] = []
    own.register({
      name: 'r',
      idle: () => ['c'],
      isUsable: () => Boolean(order.push('asked')),
      discard() {},
    })
    await own.withTask(() => void order.push('task'))
    expect(order).toEqual(['asked', 'task'])
  })

  it('does not cut a transfer that outlives it', async () => {
    const { store } = await benches.ceph!()
    const target = memory()
    let moving: ReturnType<typeof transfer> | undefined
    await lifecycle.withTask(() => {
      moving = transfer(store.source('key'), target.sink('key'), { retry: { minDelay: 1 } })
    })
    expect(await moving).toMatchObject({ bytes: size })
  })

  it('may end its bodies early', async () => {
    const { store } = await benches.memory!()
    await lifecycle.withTask(async () => {
      const body = await store.source('key').open()
      await lifecycle.onTaskEnd()
      await expect(sizeOf(body)).rejects.toMatchObject({ code: 'ABORTED' })
    })
  })
})

async function sizeOf(body: AsyncIterable<Uint8Array>): Promise<number> {
  let total = 0
  for await (const chunk of body) total += chunk.byteLength
  return total
}
