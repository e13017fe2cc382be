import { randomInt } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { seeded } from '../../support/seeded'
import { buildPackage } from '../built-package'
import { describeWithCeph } from '../real-ceph'
import { describeWithRedis } from '../redis/real-redis'
import { MiB } from '../stores'
import type { Job } from './attempt'
import { killAgainAndAgain } from './kill-loop'
import { killMoments } from './kill-moments'
import { cephEnd, openScene, type Scene, sha256At, sha256OfStaged, stage } from './scene'

const size = 512 * MiB
const partSize = MiB
const concurrency = 4
const bytesPerSecond = 24 * MiB
/** They add up to less than the object, so that no attempt gets to its end before it is killed. */
const moments = { late: 35, maxBytes: 24 * MiB, early: 15, maxMs: 250 }

/** Given to run one sequence of kills again. */
const seed = Number(process.env.SLUICEWAY_SEED ?? randomInt(2 ** 31))

describeWithCeph('a transfer of 512 MiB that is killed 50 times', (gateway) => {
  let scene: Scene
  beforeAll(async () => {
    await buildPackage()
    scene = await openScene()
    await stage.ceph(gateway, 'in', size)
    await stage.cos(scene, 'in', size)
    await stage.disk(scene, 'in', size)
  })
  afterAll(async () => {
    await scene?.[Symbol.asyncDispose]()
  })

  const files = () => ({ dir: scene.checkpoints })

  it('from Ceph to COS is taken up each time and ends in the exact object', async () => {
    await survives({ from: cephEnd(gateway, 'in'), to: scene.cos.end('ceph-out'), checkpoints: files() })
  })

  it('from disk to COS is taken up each time and ends in the exact object', async () => {
    await survives({ from: scene.diskEnd('in'), to: scene.cos.end('disk-out'), checkpoints: files() })
  })

  it('from COS to disk is taken up each time and ends in the exact object', async () => {
    await survives({ from: scene.cos.end('in'), to: scene.diskEnd('folder/out'), checkpoints: files() })
    expect(await scene.files(scene.root)).toEqual(['folder', 'folder/out', 'in'])
  })

  describeWithRedis('with its checkpoint in Redis', (redis) => {
    it('from Ceph to COS is taken up each time and ends in the exact object', async () => {
      const checkpoints = { redis: redis().path }
      await survives({ from: cephEnd(gateway, 'in'), to: scene.cos.end('redis-out'), checkpoints })
      expect(await redis().command('dbsize')).toBe('0')
    })
  })

  async function survives(route: Pick<Job, 'from' | 'to' | 'checkpoints'>) {
    const job = { ...route, id: `2026/${route.to.key}`, options: { partSize, concurrency } }
    const plan = killMoments(seeded(seed), moments)
    const inFlight = concurrency * partSize
    try {
      const { last, resumed, moved } = await killAgainAndAgain({
        job,
        moments: plan,
        cos: scene.cos,
        bytesPerSecond,
      })
      expect(last, last.stderr).toMatchObject({ code: 0, result: { bytes: size, parts: size / partSize } })
      expect(await sha256At(job.to)).toBe(await sha256OfStaged(size))
      expect(await scene.cos.ask.uploads()).toEqual([])
      expect(await scene.files(scene.checkpoints)).toEqual([])
      // What had been moved before an attempt was kept by it, but for the parts in flight at each kill before.
      expect(resumed.length).toBeGreaterThanOrEqual(moments.late)
      for (const { kills, movedBefore, kept } of resumed) {
        expect(movedBefore - kept, `after ${kills} kills`).toBeLessThanOrEqual(kills * inFlight)
      }
      const again = moved - size
      expect(again).toBeLessThanOrEqual(plan.length * inFlight)
      expect(last.result?.resumedBytes).toBe(resumed.at(-1)?.kept)
      console.info(
        `${route.from.kind} to ${route.to.kind}: ${plan.length} kills, ${(again / MiB).toFixed(1)} MiB moved again`,
      )
    } catch (error) {
      throw new Error(`Run again with SLUICEWAY_SEED=${seed}: ${(error as Error).message}`, { cause: error })
    }
  }
})
