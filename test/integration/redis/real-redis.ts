import { afterAll, beforeAll, describe } from 'vitest'
import { type RedisServer, redisUnavailable, startRedis } from './redis-server'

const unavailable = await redisUnavailable()

/**
 * Tests that need a real Redis; each call starts one. Where the machine cannot run one they are reported as skipped,
 * with the reason in their name; on CI that is a failure.
 */
export function describeWithRedis(name: string, define: (redis: () => RedisServer) => void): void {
  if (unavailable) {
    if (process.env.CI) throw new Error(`these tests need a real Redis: ${unavailable}`)
    describe.skip(`${name} (no Redis here: ${unavailable})`, () => define(() => absent()))
    return
  }
  describe(name, () => {
    let server: RedisServer | undefined
    beforeAll(async () => {
      server = await startRedis()
    })
    afterAll(() => server?.[Symbol.asyncDispose]())
    define(() => server ?? absent())
  })
}

function absent(): never {
  throw new Error('Redis has not been started')
}
