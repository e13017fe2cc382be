import { expect, it } from 'vitest'
import { settled } from '../../support/handles'
import { describeWithRedis } from '../redis/real-redis'
import { sha256At, sha256OfStaged, stage } from '../resume/scene'
import { MiB, openTransfers, options, useScene } from './stage'
import { startWorker } from './workers'

const size = 64 * MiB

describeWithRedis('a BullMQ worker that is told to go by SIGTERM', (redis) => {
  const scene = useScene()

  it.each([undefined, 'process', 'thread'] as const)(
    'gives its job back within 2 s, and nothing that was sent is sent again (sandbox: %s)',
    async (sandbox) => {
      const { cos } = scene()
      await stage.disk(scene(), 'in', size)
      const { add, completed, queue, settings, close } = openTransfers(scene(), redis())
      const worker = { ...settings, ...(sandbox && { sandbox }) }
      await cos.ask.limit(24 * MiB)
      const atFirst = await cos.ask.moved()
      const old = await startWorker(worker)
      const job = await add({ from: 'in', to: `deployed ${sandbox}`, options })
      await cos.ask.reach(atFirst + 24 * MiB)

      const told = performance.now()
      old.kill('SIGTERM')
      await settled(async () => expect(await queue.getJobState(job.id!)).toBe('waiting'), 10_000)
      const tookMs = performance.now() - told
      expect(tookMs).toBeLessThan(2000)
      await old.tells('closed')
      if (!sandbox) expect(await old.ended).toEqual({ code: 0, signal: null })
      const back = await queue.getJob(job.id!)
      expect(back).toMatchObject({ attemptsMade: 0, attemptsStarted: 1 })
      expect(back!.failedReason).toBeUndefined()
      const before = (await cos.ask.moved()) - atFirst
      expect(before).toBeLessThan(size)

      await cos.ask.limit()
      const next = await startWorker(worker)
      await completed(job)
      expect((await next.tells('completed')).result).toMatchObject({ bytes: size, resumedBytes: before })
      expect((await cos.ask.moved()) - atFirst).toBe(size)
      console.info(`deployed (${sandbox}): back after ${Math.round(tookMs)} ms, nothing sent again`)
      expect(await sha256At(cos.end(`deployed ${sandbox}`))).toBe(await sha256OfStaged(size))
      expect(await cos.ask.uploads()).toEqual([])
      await close()
    },
  )

  it('closes at once where it has nothing to do', async () => {
    const { settings, close } = openTransfers(scene(), redis())
    const idle = await startWorker(settings)
    idle.kill('SIGTERM')
    await idle.tells('closed')
    expect(await idle.ended).toEqual({ code: 0, signal: null })
    expect(idle.told('error')).toEqual([])
    await close()
  })

  it('takes up none of the jobs that wait, and puts the one it had before them', async () => {
    const { cos } = scene()
    await stage.disk(scene(), 'in', size)
    const { add, completed, queue, settings, close } = openTransfers(scene(), redis())
    await cos.ask.limit(24 * MiB)
    const atFirst = await cos.ask.moved()
    const old = await startWorker(settings)
    const jobs = await Promise.all(['first', 'second'].map((to) => add({ from: 'in', to, options })))
    await cos.ask.reach(atFirst + 8 * MiB)
    old.kill('SIGTERM')
    await old.tells('closed')
    // The one that was begun is the next one to be taken up.
    expect((await queue.getWaiting()).map(({ id }) => id)).toEqual(jobs.map(({ id }) => id))
    await cos.ask.limit()
    await startWorker(settings)
    await Promise.all(jobs.map((job) => completed(job)))
    expect((await cos.ask.moved()) - atFirst).toBe(2 * size)
    await close()
  })
})
