import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { settled } from '../../support/handles'
import { describeWithRedis } from '../redis/real-redis'
import { sha256At, sha256OfStaged, stage } from '../resume/scene'
import { MiB, openTransfers, options, useScene } from './stage'
import { startWorker } from './workers'

const size = 32 * MiB

describeWithRedis('a transfer that is a job of BullMQ', (redis) => {
  const scene = useScene()

  it.each([undefined, 'process', 'thread'] as const)(
    'shows its progress, resolves with the result, and leaves nothing beside it (sandbox: %s)',
    async (sandbox) => {
      const { cos } = scene()
      await stage.disk(scene(), 'in', size)
      const { add, completed, queue, settings, checkpoint, close } = openTransfers(scene(), redis())
      await cos.ask.limit(24 * MiB)
      const worker = await startWorker({ ...settings, ...(sandbox && { sandbox }) })
      const job = await add({ from: 'in', to: `moved ${sandbox}`, options })
      const seen = new Set<number>()
      await settled(async () => {
        const { progress } = (await queue.getJob(job.id!))!
        if (typeof progress === 'object') seen.add((progress as { bytes: number }).bytes)
        return seen.size >= 4
      }, 20_000)
      await cos.ask.limit()
      await completed(job)
      const done = (await queue.getJob(job.id!))!
      expect(done.progress).toMatchObject({ bytes: size, size, parts: size / MiB })
      expect(done.returnvalue).toMatchObject({ bytes: size, resumedBytes: 0 })
      expect(done.data).toEqual({ from: 'in', to: `moved ${sandbox}`, options })
      await settled(async () => expect(await checkpoint(job)).toBe(''))
      expect(await sha256At(cos.end(`moved ${sandbox}`))).toBe(await sha256OfStaged(size))
      expect(worker.told('error')).toEqual([])
      await close()
    },
  )

  it.each([undefined, 'process', 'thread'] as const)(
    'ends at once when it is cancelled, is not tried again, and leaves nothing behind (sandbox: %s)',
    async (sandbox) => {
      const { cos } = scene()
      await stage.disk(scene(), 'in', size)
      const { add, queue, settings, checkpoint, close } = openTransfers(scene(), redis())
      // So slow that no part in flight could arrive in the second that a returned job would give it.
      await cos.ask.limit(MiB)
      const atFirst = await cos.ask.moved()
      const worker = await startWorker({ ...settings, ...(sandbox && { sandbox }) })
      const job = await add({ from: 'in', to: `cancelled ${sandbox}`, options }, 3)
      await cos.ask.reach(atFirst + 2 * MiB)
      expect(await cos.ask.uploads()).toEqual([`cancelled ${sandbox}`])
      await cos.ask.limit()
      worker.cancel(job.id!, 'no longer wanted')
      await settled(async () => expect(await queue.getJobState(job.id!)).toBe('failed'))
      expect((await worker.tells('cancelled')).found).toBe(true)
      const failed = (await queue.getJob(job.id!))!
      expect(failed).toMatchObject({ attemptsMade: 1 })
      expect(failed.failedReason).toContain('was cancelled: no longer wanted')
      expect(await cos.ask.uploads()).toEqual([])
      expect(await cos.ask.keys()).not.toContain(`cancelled ${sandbox}`)
      expect(await checkpoint(job)).toBe('')
      await close()
    },
  )

  it.each([undefined, 'process'] as const)(
    'fails for good where trying again cannot help, whatever its attempts (sandbox: %s)',
    async (sandbox) => {
      const { add, queue, settings, close } = openTransfers(scene(), redis())
      await startWorker({ ...settings, ...(sandbox && { sandbox }) })
      const missing = await add({ from: 'nowhere', to: 'out', options }, 5)
      await settled(async () => expect(await queue.getJobState(missing.id!)).toBe('failed'), 20_000)
      expect(await queue.getJob(missing.id!)).toMatchObject({ attemptsMade: 1 })
      const wrong = await add({ from: 'nowhere', to: 'out', options: { partSize: -1 } }, 5)
      await settled(async () => expect(await queue.getJobState(wrong.id!)).toBe('failed'), 20_000)
      const { attemptsMade, failedReason } = (await queue.getJob(wrong.id!))!
      expect({ attemptsMade, failedReason }).toMatchObject({
        attemptsMade: 1,
        failedReason: expect.stringContaining('partSize'),
      })
      await close()
    },
  )

  it('is tried again where that may help, and goes on from its checkpoint', async () => {
    const { cos } = scene()
    await stage.disk(scene(), 'in', size)
    const { add, completed, queue, settings, close } = openTransfers(scene(), redis())
    await cos.ask.limit(16 * MiB)
    const worker = await startWorker(settings)
    const timeouts = { total: 1000 }
    const job = await add({ from: 'in', to: 'again', options: { ...options, timeouts } }, 20)
    await completed(job)
    expect((await queue.getJob(job.id!))!.attemptsMade).toBeGreaterThan(1)
    expect((await worker.tells('threw')).code).toBe('TIMEOUT')
    expect((await worker.tells('completed')).result.resumedBytes).toBeGreaterThan(0)
    expect(await sha256At(cos.end('again'))).toBe(await sha256OfStaged(size))
    await close()
  })

  it('takes its checkpoint along when it is removed', async () => {
    const { cos, root } = scene()
    await stage.disk(scene(), 'removed', size)
    const { add, queue, settings, checkpoint, close } = openTransfers(scene(), redis())
    await cos.ask.limit(16 * MiB)
    const worker = await startWorker(settings)
    const job = await add({
      from: 'removed',
      to: 'removed',
      options: { ...options, timeouts: { total: 1000 } },
    })
    await worker.tells('threw')
    await settled(async () => expect(await queue.getJobState(job.id!)).toBe('failed'))
    expect(await checkpoint(job)).toContain('"format":1')
    await job.remove()
    expect(await redis().command('keys', `${queue.toKey(job.id!)}*`)).toBe('')
    await rm(join(root, 'removed'))
    await close()
  })
})
