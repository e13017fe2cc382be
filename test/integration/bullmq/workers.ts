import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Queue } from 'bullmq'
import type { TransferEvent, TransferOptions, TransferResult } from 'sluiceway'
import type { cos } from 'sluiceway/cos'
import { settled } from '../../support/handles'
import { packageRoot } from '../built-package'

const script = fileURLToPath(new URL('worker.mjs', import.meta.url))

/** JSON. */
export interface WorkerSettings {
  readonly queue: string
  readonly connection: { readonly path: string; readonly maxRetriesPerRequest: null }
  /** Of the disk that objects come from. */
  readonly root: string
  /** Of the COS that they go to. */
  readonly cos: Parameters<typeof cos>[0]
  readonly sandbox?: 'process' | 'thread'
  /** Milliseconds. */
  readonly lockDuration?: number
  /** Milliseconds. */
  readonly stalledInterval?: number
  readonly freezeBeforeCommit?: boolean
}

/** Of one job. */
export interface Move {
  readonly from: string
  readonly to: string
  readonly options?: TransferOptions
}

export type Told =
  | { readonly type: 'ready' | 'closed' }
  | { readonly type: 'event'; readonly event: TransferEvent }
  | { readonly type: 'completed'; readonly result: TransferResult }
  | { readonly type: 'cancelled'; readonly found: boolean }
  | { readonly type: 'error'; readonly message: string }
  | { readonly type: 'threw'; readonly name: string; readonly code: string; readonly message: string }

type Of<Type extends Told['type']> = Extract<Told, { readonly type: Type }>

/** A worker of BullMQ in a process of its own. */
export interface WorkerProcess {
  /** All it has told of that kind. */
  told<Type extends Told['type']>(type: Type): Of<Type>[]
  /** The first it tells of that kind; rejects when it ends without. */
  tells<Type extends Told['type']>(type: Type): Promise<Of<Type>>
  kill(signal: NodeJS.Signals): void
  cancel(jobId: string, reason?: string): void
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
  /** Settles when it is stopped by SIGSTOP. */
  frozen(): Promise<void>
}

const running = new Set<ChildProcess>()

/** To be called after each test: ends workers that it has left. */
export async function endWorkers(): Promise<void> {
  const ends = [...running].map((child) => once(child, 'exit'))
  for (const child of running) child.kill('SIGKILL')
  await Promise.all(ends)
}

export async function startWorker(settings: WorkerSettings): Promise<WorkerProcess> {
  const env = { ...process.env, NODE_OPTIONS: '', NODE_NO_WARNINGS: '1', SETTINGS: JSON.stringify(settings) }
  const child = fork(script, [], { cwd: packageRoot, execArgv: [], env })
  running.add(child)
  const messages: Told[] = []
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.on('exit', (code, signal) => {
      running.delete(child)
      resolve({ code, signal })
    })
  })
  child.on('message', (message: Told) => messages.push(message))
  const told = <Type extends Told['type']>(type: Type) =>
    messages.filter((message): message is Of<Type> => message.type === type)
  const worker: WorkerProcess = {
    told,
    async tells(type) {
      const waiting = settled(() => told(type).length > 0, 60_000)
      await Promise.race([waiting, ended.then(() => settled(() => told(type).length > 0, 500))])
      return told(type)[0]!
    },
    kill: (signal) => void child.kill(signal),
    cancel: (cancel, reason) => void child.send({ cancel, reason }),
    ended,
    frozen: () => settled(() => stateOf(child.pid!) === 'T', 60_000),
  }
  await worker.tells('ready')
  return worker
}

/** One letter: T is stopped. */
const stateOf = (pid: number) => readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /s, '')[0]

let queues = 0

/** A queue of its own for each test, and what its workers need to know. */
export function openQueue(path: string, root: string, options: Parameters<typeof cos>[0]) {
  const name = `transfers-${++queues}`
  const connection = { path, maxRetriesPerRequest: null }
  const queue = new Queue<Move, TransferResult>(name, { connection })
  const settings: WorkerSettings = { queue: name, connection, root, cos: options }
  return { queue, settings }
}
