import type { Job } from 'bullmq'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { settled } from '../../support/handles'
import { buildPackage } from '../built-package'
import type { RedisServer } from '../redis/redis-server'
import { openScene, type Scene } from '../resume/scene'
import { MiB } from '../stores'
import { endWorkers, type Move, openQueue } from './workers'

export { MiB }

/** Parts that a kill costs at most. */
export const inFlight = 4 * MiB
export const options = { partSize: MiB, concurrency: 4 }

/** A disk and a COS server that outlive the workers, for the tests of one file. */
export function useScene(): () => Scene {
  let scene: Scene | undefined
  beforeAll(async () => {
    await buildPackage()
    scene = await openScene()
  })
  afterEach(async () => {
    await endWorkers()
    await scene?.cos.ask.limit()
  })
  afterAll(() => scene?.[Symbol.asyncDispose]())
  return () => scene!
}

/** Adds a job, and has a worker on it, which has moved `bytes` of it over a line of a speed at which there is a middle. */
export function openTransfers(scene: Scene, redis: RedisServer) {
  const { queue, settings } = openQueue(redis.path, scene.root, scene.cos.options)
  return {
    queue,
    settings,
    add: (move: Move, attempts = 1): Promise<Job<Move>> => queue.add('move', move, { attempts }),
    completed: (job: Job, timeoutMs = 60_000) =>
      settled(async () => expect(await queue.getJobState(job.id!)).toBe('completed'), timeoutMs),
    /** What is kept with the job. */
    checkpoint: async (job: Job) => redis.command('hget', queue.toKey(job.id!), 'sluiceway:checkpoint'),
    close: () => queue.close(),
  }
}
