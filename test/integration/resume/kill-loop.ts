import { setTimeout as sleep } from 'node:timers/promises'
import { type Attempt, attempt, type Ending, type Job } from './attempt'
import type { Moment } from './kill-moments'
import type { RemoteCos } from './remote-cos'

export interface KillLoop {
  readonly job: Job
  readonly moments: readonly Moment[]
  /** One end of the job: what passes there is counted. */
  readonly cos: RemoteCos
  /** Of the line to it, while workers are killed. */
  readonly bytesPerSecond: number
}

export interface KillReport {
  readonly last: Ending
  /** Attempts that lived long enough to tell what they kept. */
  readonly resumed: readonly Resumed[]
  /** Bytes moved in all attempts together. */
  readonly moved: number
}

export interface Resumed {
  /** How many attempts were killed before it. */
  readonly kills: number
  /** Bytes that had been moved until then. */
  readonly movedBefore: number
  /** Those of them that are not moved again. */
  readonly kept: number
}

/** Kills one worker after the other, each at its moment, and lets the last one finish. */
export async function killAgainAndAgain({
  job,
  moments,
  cos,
  bytesPerSecond,
}: KillLoop): Promise<KillReport> {
  await cos.ask.limit(bytesPerSecond)
  const atFirst = await cos.ask.moved()
  const resumed: Resumed[] = []
  let kills = 0
  const run = async (end: (worker: Attempt, movedBefore: number) => Promise<unknown>): Promise<Ending> => {
    const movedBefore = (await cos.ask.moved()) - atFirst
    const worker = attempt(job)
    await worker.started
    await end(worker, movedBefore)
    const ending = await worker.ended
    const kept = ending.events.find((event) => event.type === 'resume')?.bytes
    if (kept !== undefined) resumed.push({ kills, movedBefore, kept })
    const restart = ending.events.find((event) => event.type === 'restart')
    if (restart) throw new Error(`an attempt started afresh: ${JSON.stringify(restart)}`)
    return ending
  }
  for (const moment of moments) {
    const ending = await run(async (worker, movedBefore) => {
      const due =
        'afterMs' in moment ? sleep(moment.afterMs) : cos.ask.reach(atFirst + movedBefore + moment.afterBytes)
      await Promise.race([due, worker.ended])
      worker.kill('SIGKILL')
    })
    if (ending.signal !== 'SIGKILL') {
      throw new Error(`attempt ${kills + 1} ended before it was killed: ${JSON.stringify(ending)}`)
    }
    kills += 1
  }
  await cos.ask.limit()
  const last = await run(async () => {})
  return { last, resumed, moved: (await cos.ask.moved()) - atFirst }
}
