import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** What one run of a client cost: seconds of CPU (user and system) and of the clock, MiB resident at its peak. */
export interface Sample {
  readonly cpu: number
  readonly wall: number
  readonly peak: number
  /** Checks that sluiceway made. */
  readonly verified?: readonly string[]
  /** Milliseconds by which the event loop was late. */
  readonly late?: { readonly p99: number; readonly max: number }
}

/** A script of `clients/` and what it is told, or a program. */
export type Client = ScriptClient | { readonly program: readonly [command: string, ...args: string[]] }

export interface ScriptClient {
  readonly script: string
  readonly setting: object
}

const run = promisify(execFile)

/** Settings of the machine, such as AWS_CA_BUNDLE or a proxy, would reach some of the clients and not others. */
const environment = { PATH: process.env.PATH, HOME: process.env.HOME }

/** Runs a client in a process of its own. @throws where it fails, with what it said */
export async function runClient(client: Client, authority: string): Promise<Sample> {
  return 'script' in client ? runScript(client, authority) : runProgram(client.program)
}

export const scriptPath = (name: string) => fileURLToPath(new URL(`clients/${name}.mjs`, import.meta.url))

export const scriptEnvironment = (setting: object, authority: string) => ({
  NODE_NO_WARNINGS: '1',
  NODE_EXTRA_CA_CERTS: authority,
  BENCH_SETTING: JSON.stringify(setting),
})

async function runScript(client: ScriptClient, authority: string): Promise<Sample> {
  const env = { ...environment, ...scriptEnvironment(client.setting, authority) }
  const { stdout } = await run(process.execPath, [scriptPath(client.script)], { env })
  return JSON.parse(stdout)
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
