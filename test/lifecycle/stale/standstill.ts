import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { settled } from '../../support/handles'
import type { TasksOptions, TasksResult } from './protocol'

/** How the process stands still: its event loop is blocked, or it is stopped as a whole. */
export type Standstill = 'blocked' | 'stopped'

export interface StandstillOptions extends Omit<TasksOptions, 'dir'> {
  readonly how: Standstill
  /** Connections the server sees now. */
  openConnections(): number
}

/**
 * Runs tasks in a process that stands still before each of them, until its server has closed the idle connections.
 * The task is then the very next code that runs.
 */
export async function runTasks({
  how,
  openConnections,
  ...options
}: StandstillOptions): Promise<TasksResult> {
  const dir = await mkdtemp(join(tmpdir(), 'sluiceway-stale-'))
  const script = fileURLToPath(new URL('tasks.ts', import.meta.url))
  const child = fork(script, { execArgv: ['--import', 'tsx', '--no-warnings'] })
  // Those of the neighbours are in use; every other one is idle, and closed by the server after a while.
  const inUse = options.large === undefined ? 0 : 2
  try {
    const result = once(child, 'message') as Promise<[TasksResult]>
    const failed = once(child, 'exit').then(([code]) => {
      throw new Error(`the process of the tasks ended with ${code}`)
    })
    failed.catch(() => {})
    child.send({ ...options, dir })
    for (let round = 0; round < options.rounds; round += 1) {
      const still = settled(() => existsSync(join(dir, `still-${round}`)), 60_000)
      await Promise.race([still, failed])
      if (how === 'stopped') child.kill('SIGSTOP')
      await settled(() => openConnections() === inUse, 60_000)
      writeFileSync(join(dir, `go-${round}`), '')
      if (how === 'stopped') child.kill('SIGCONT')
    }
    const [told] = await Promise.race([result, failed])
    return told
  } finally {
    child.kill('SIGKILL')
    await rm(dir, { recursive: true })
  }
}
