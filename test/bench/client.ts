import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { runInCgroup } from '../support/cgroup'

/** What one run of a client cost: seconds of CPU (user and system) and of the clock, MiB resident at its peak. */
export interface Sample {
  readonly cpu: number
  readonly wall: number
  readonly peak: number
  /** Checks that sluiceway made. */
  readonly verified?: readonly string[]
  /** MiB that its memory cgroup held at its peak, the kernel's buffers among them. */
  readonly groupPeak?: number
  /** Milliseconds by which the event loop was late. */
  readonly late?: Extremes
  /** Milliseconds of CPU, of all its threads, between two turns of the loop: what it would be late by on its own. */
  readonly busy?: Extremes
}

interface Extremes {
  readonly p99: number
  readonly max: number
}

/** A script of `clients/` and what it is told, or a program. */
export type Client = ScriptClient | { readonly program: readonly [command: string, ...args: string[]] }

export interface ScriptClient {
  readonly script: string
  readonly setting: object
  /** The memory cgroup it runs in. @default none */
  readonly memoryBytes?: number
}

const run = promisify(execFile)

/** Settings of the machine, such as AWS_CA_BUNDLE or a proxy, would reach some of the clients and not others. */
const environment = { PATH: process.env.PATH, HOME: process.env.HOME }

/** Runs a client in a process of its own. @throws where it fails, with what it said */
export async function runClient(client: Client, authority: string): Promise<Sample> {
  return 'script' in client ? runScript(client, authority) : runProgram(client.program)
}

async function runScript(client: ScriptClient, authority: string): Promise<Sample> {
  const env = {
    ...environment,
    NODE_NO_WARNINGS: '1',
    NODE_EXTRA_CA_CERTS: authority,
    BENCH_SETTING: JSON.stringify(client.setting),
  }
  const args = [fileURLToPath(new URL(`clients/${client.script}.mjs`, import.meta.url))]
  if (client.memoryBytes === undefined) return JSON.parse((await run(process.execPath, args, { env })).stdout)
  const ended = await runInCgroup({ memoryBytes: client.memoryBytes, command: process.execPath, args, env })
  if (ended.code === 0) return { ...JSON.parse(ended.stdout), groupPeak: ended.groupPeakBytes / 1024 ** 2 }
  const why = ended.killed ? `was killed in ${client.memoryBytes} bytes of memory` : ended.stderr
  throw new Error(`${client.script}: ${why}`)
}

/** As GNU time sees it, from the start of the program to its end: hundredths of a second. */
async function runProgram([command, ...args]: readonly [string, ...string[]]): Promise<Sample> {
  const started = performance.now()
  const { stderr } = await run('/usr/bin/time', ['-f', '%U %S %M', command, ...args], {
    env: environment,
  })
  const wall = (performance.now() - started) / 1000
  const [user, system, kilobytes] = stderr.trim().split('\n').at(-1)!.split(' ').map(Number)
  return { cpu: user! + system!, wall, peak: kilobytes! / 1024 }
}
