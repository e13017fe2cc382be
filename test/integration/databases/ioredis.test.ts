import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { createLifecycle, ioredisConnection } from 'sluiceway'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { settled } from '../../support/handles'
import { relay } from './relay'

let port = 0
let stop = async () => {}

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sluiceway-redis-'))
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  port = (probe.address() as AddressInfo).port
  await new Promise((done) => probe.close(done))
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', dir, '--save', '']
  const server = spawn('redis-server', args, { stdio: 'ignore' })
  stop = async () => {
    const exit = once(server, 'exit')
    server.kill('SIGKILL')
    await exit
    await rm(dir, { recursive: true })
  }
  await settled(async () => {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect').finally(() => socket.destroy())
  }, 30_000)
})

afterAll(() => stop())

async function clientAt(at: number): Promise<Redis> {
  const redis = new Redis({ port: at, host: '127.0.0.1', commandTimeout: 3000 })
  redis.on('error', () => {})
  onTestFinished(() => redis.disconnect())
  await redis.ping()
  return redis
}

describe('the connection of an ioredis client', () => {
  it('is made again at the start of a task where its peer has vanished without a word, 20 of 20', async () => {
    const line = await relay(port)
    onTestFinished(() => void line.close())
    const redis = await clientAt(line.port)
    const lifecycle = createLifecycle({ isUsableTimeout: 100 })
    lifecycle.register(ioredisConnection(redis))
    for (let nth = 0; nth < 20; nth += 1) {
      line.vanish()
      await lifecycle.onTaskStart()
      expect(await redis.incr('rounds')).toBe(nth + 1)
    }
  })

  it('is kept where it answers, and at no time asked while it is used', async () => {
    const redis = await clientAt(port)
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
    const redis = await clientAt(port)
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
