import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { TransferEvent, TransferOptions, TransferResult } from 'sluiceway'
import { packageRoot } from '../built-package'

const worker = fileURLToPath(new URL('worker.mjs', import.meta.url))

/** What a worker is to move. JSON. */
export interface Job {
  readonly from: End
  readonly to: End
  readonly id: string
  readonly checkpoints: { readonly dir: string } | { readonly redis: string }
  readonly options: TransferOptions
  /** The checkpoint is not deleted at the end, as if the process were killed just before. @default false */
  readonly holdDelete?: boolean
}

export interface End {
  readonly kind: 'ceph' | 'cos' | 'disk'
  readonly key: string
  readonly options: object
}

export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Missing where it did not come to that. */
  readonly result?: TransferResult
  readonly failed?: { readonly code: string; readonly message: string }
  readonly events: readonly TransferEvent[]
  readonly stderr: string
}

type Message =
  | { readonly type: 'started' }
  | { readonly type: 'event'; readonly event: TransferEvent }
  | { readonly type: 'done'; readonly result: TransferResult }
  | { readonly type: 'failed'; readonly code: string; readonly message: string }

/** A process of its own that moves one object, or dies over it. */
export interface Attempt {
  /** transfer() has been called, or the process has ended. */
  readonly started: Promise<void>
  readonly ended: Promise<Ending>
  kill(signal: NodeJS.Signals): void
}

export function attempt(job: Job): Attempt {
  const child = fork(worker, [], {
    cwd: packageRoot,
    // Not those of the test runner.
    execArgv: [],
    env: { ...process.env, NODE_OPTIONS: '', NODE_NO_WARNINGS: '1', JOB: JSON.stringify(job) },
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  })
  const events: TransferEvent[] = []
  let outcome: Pick<Ending, 'result' | 'failed'> = {}
  let stderr = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = new Promise<Ending>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, ...outcome, events, stderr }))
  })
  const started = new Promise<void>((resolve, reject) => {
    child.on('message', (message: Message) => {
      if (message.type === 'started') resolve()
      else if (message.type === 'event') events.push(message.event)
      else if (message.type === 'done') outcome = { result: message.result }
      else outcome = { failed: message }
    })
    ended.then(() => resolve(), reject)
  })
  return { started, ended, kill: (signal) => void child.kill(signal) }
}
