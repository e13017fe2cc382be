import { expect, it } from 'vitest'
import { describeWithRedis } from '../redis/real-redis'
import { sha256At, sha256OfStaged, stage } from '../resume/scene'
import { inFlight, MiB, openTransfers, options, useScene } from './stage'
import { startWorker } from './workers'

const size = 64 * MiB

describeWithRedis('a BullMQ worker that is killed in mid-transfer', (redis) => {
  const scene = useScene()

  it.each([undefined, 'process', 'thread'] as const)(
    'has its job gone on with by another one from the checkpoint (sandbox: %s)',
    async (sandbox) => {
      const { cos } = scene()
      await stage.disk(scene(), 'in', size)
      const { queue, settings, add, completed, checkpoint, close } = openTransfers(scene(), redis())
      const short = { ...settings, lockDuration: 1000, stalledInterval: 500, ...(sandbox && { sandbox }) }
      await cos.ask.limit(24 * MiB)
      const atFirst = await cos.ask.moved()
      const first = await startWorker(short)
      const job = await add({ from: 'in', to: `killed ${sandbox}`, options })
      await cos.ask.reach(atFirst + 24 * MiB)
      first.kill('SIGKILL')
      await first.ended
      const before = (await cos.ask.moved()) - atFirst
      expect(await checkpoint(job)).toContain('"format":1')

      await cos.ask.limit()
      await startWorker(short)
      await completed(job)
      const done = await queue.getJob(job.id!)
      expect(done).toMatchObject({ stalledCounter: 1, returnvalue: { bytes: size } })
      expect(done!.returnvalue.resumedBytes).toBeGreaterThanOrEqual(before - inFlight)
      const again = (await cos.ask.moved()) - atFirst - size
      expect(again).toBeLessThanOrEqual(inFlight)
      console.info(`killed (${sandbox}): ${again / MiB} MiB of ${size / MiB} MiB sent again`)
      expect(await sha256At(cos.end(`killed ${sandbox}`))).toBe(await sha256OfStaged(size))
      expect(await cos.ask.uploads()).toEqual([])
      expect(await checkpoint(job)).toBe('')
      await close()
    },
  )
})
