import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { settled } from '../../support/handles'
import { describeWithRedis } from '../redis/real-redis'
import { sha256At, sha256OfStaged, stage } from '../resume/scene'
import { inFlight, MiB, openTransfers, options, useScene } from './stage'
import { startWorker, type WorkerProcess } from './workers'

const size = 32 * MiB

describeWithRedis('a BullMQ worker that is frozen past its lock', (redis) => {
  const scene = useScene()

  const open = () => {
    const transfers = openTransfers(scene(), redis())
    const short = { ...transfers.settings, lockDuration: 1000, stalledInterval: 500 }
    return { ...transfers, short }
  }

  async function thaws(frozen: WorkerProcess) {
    frozen.kill('SIGCONT')
    expect(await frozen.tells('threw')).toMatchObject({ code: 'SESSION_LOST' })
    expect((await frozen.tells('threw')).message).toContain('lock')
    await settled(() => frozen.told('error').some(({ message }) => /lock/i.test(message)))
    expect(frozen.told('completed')).toEqual([])
  }

  it('in mid-transfer stops when it thaws, and its successor has gone on from the checkpoint', async () => {
    const { cos } = scene()
    await stage.disk(scene(), 'in', size)
    const { add, completed, queue, checkpoint, short, close } = open()
    await cos.ask.limit(24 * MiB)
    const atFirst = await cos.ask.moved()
    const commits = await cos.ask.count('CompleteMultipartUpload')
    const frozen = await startWorker(short)
    const job = await add({ from: 'in', to: 'frozen', options })
    await cos.ask.reach(atFirst + 12 * MiB)
    frozen.kill('SIGSTOP')
    await cos.ask.limit()
    const next = await startWorker(short)
    await completed(job)
    const moved = await cos.ask.moved()
    await thaws(frozen)
    expect(await cos.ask.moved()).toBeLessThanOrEqual(moved + inFlight)
    expect((await next.tells('completed')).result.resumedBytes).toBeGreaterThanOrEqual(7 * MiB)
    expect(await queue.getJobState(job.id!)).toBe('completed')
    expect(await sha256At(cos.end('frozen'))).toBe(await sha256OfStaged(size))
    expect(await cos.ask.count('CompleteMultipartUpload')).toBe(commits + 1)
    expect(await cos.ask.uploads()).toEqual([])
    expect(await checkpoint(job)).toBe('')
    await close()
  })

  it.each([
    ['CompleteMultipartUpload', size],
    ['PutObject', 10_000],
  ])('right before its commit has that refused: no second %s is sent', async (operation, bytes) => {
    const { cos, root } = scene()
    await stage.disk(scene(), 'changing', bytes)
    const { add, completed, short, close } = open()
    const commits = await cos.ask.count(operation)
    const frozen = await startWorker({ ...short, freezeBeforeCommit: true })
    const job = await add({ from: 'changing', to: `late ${operation}`, options })
    await frozen.frozen()
    // What the frozen one would commit is no longer what is wanted.
    await writeFile(join(root, 'changing'), 'x'.repeat(bytes))
    await startWorker(short)
    await completed(job)
    const wanted = await sha256At(cos.end(`late ${operation}`))
    await thaws(frozen)
    expect(await cos.ask.count(operation)).toBe(commits + 1)
    expect(await sha256At(cos.end(`late ${operation}`))).toBe(wanted)
    expect(wanted).not.toBe(await sha256OfStaged(bytes))
    expect(await cos.ask.uploads()).toEqual([])
    await close()
  })

  it('right before its commit, with nobody to take over, leaves the job to the next worker', async () => {
    const { cos } = scene()
    await stage.disk(scene(), 'alone', size)
    const { add, completed, short, close } = open()
    const frozen = await startWorker({ ...short, stalledInterval: 3000, freezeBeforeCommit: true })
    const job = await add({ from: 'alone', to: 'alone', options })
    await frozen.frozen()
    await settled(async () => (await redis().command('keys', '*:lock')) === '')
    await thaws(frozen)
    expect(await cos.ask.keys()).not.toContain('alone')
    frozen.kill('SIGKILL')
    const moved = await cos.ask.moved()
    const next = await startWorker(short)
    await completed(job)
    expect((await next.tells('completed')).result.resumedBytes).toBe(size)
    expect(await cos.ask.moved()).toBe(moved)
    await close()
  })
})
