import { Redis } from 'ioredis'
import { createLifecycle, ioredisConnection } from 'sluiceway'
import { expect, it, onTestFinished } from 'vitest'
import { describeWithRedis } from '../redis/real-redis'
import { relay } from './relay'

async function clientAt(at: { port: number } | { path: string }): Promise<Redis> {
  const redis = new Redis({
    ...('path' in at ? { path: at.path } : { port: at.port }),
    host: '127.0.0.1',
    commandTimeout: 3000,
  })
  redis.on('error', () => {})
  onTestFinished(() => redis.disconnect())
  await redis.ping()
  return redis
}

describeWithRedis('the connection of an ioredis client', (server) => {
  it('is made again at the start of a task where its peer has vanished without a word, 20 of 20', async () => {
    const line = await relay(server().path)
    onTestFinished(() => void line.close())
    const redis = await clientAt(line)
    const lifecycle = createLifecycle({ isUsableTimeout: 100 })
    lifecycle.register(ioredisConnection(redis))
    for (let nth = 0; nth < 20; nth += 1) {
      line.vanish()
      await lifecycle.onTaskStart()
      expect(await redis.incr('rounds')).toBe(nth + 1)
    }
  })

  it('is kept where it answers, and at no time asked while it is used', async () => {
    const redis = await clientAt(server())
    const lifecycle = createLifecycle()
    const resource = ioredisConnection(redis)
    lifecycle.register(resource)
    const [stream] = [...resource.idle()]
    await lifecycle.onTaskStart()
    expect([...resource.idle()]).toEqual([stream])
    const blocking = redis.blpop('nothing', 0.2)
    expect([...resource.idle()]).toEqual([])
    lifecycle.onFork()
    expect(await blocking).toBeNull()
    await redis.subscribe('channel')
    expect([...resource.idle()]).toEqual([])
  })

  it('is dropped at a fork, without a word to the server', async () => {
    const redis = await clientAt(server())
    const lifecycle = createLifecycle()
    lifecycle.register(ioredisConnection(redis))
    const { stream } = redis
    const { bytesWritten } = stream
    lifecycle.onFork()
    expect(stream.destroyed).toBe(true)
    expect(await redis.ping()).toBe('PONG')
    expect(stream.bytesWritten).toBe(bytesWritten)
  })
})
