import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { settled } from '../../support/handles'

/** A database server of these tests alone, in a temporary folder, ended by its own pid. */
export interface DatabaseServer {
  readonly port: number
  /** Runs statements in another process, while the event loop of this one is blocked. Gives what they print. */
  ask(statements: string): string
  stop(): Promise<void>
}

export interface ServerCommands {
  /** Prepares the folder. */
  readonly prepare: (dir: string) => readonly string[]
  readonly serve: (dir: string, port: number) => readonly string[]
  readonly ask: (dir: string, port: number, statements: string) => readonly string[]
}

export async function startDatabase(commands: ServerCommands): Promise<DatabaseServer> {
  const dir = await mkdtemp(join(tmpdir(), 'sluiceway-db-'))
  // The servers may run as another user.
  await chmod(dir, 0o777)
  const port = await freePort()
  run(commands.prepare(dir))
  const [command, ...args] = commands.serve(dir, port)
  const server = spawn(command!, args, { stdio: 'ignore' })
  const ask = (statements: string) => run(commands.ask(dir, port, statements))
  await settled(() => {
    if (server.exitCode !== null) throw new Error(`${command} ended with ${server.exitCode}`)
    ask('SELECT 1')
  }, 60_000)
  return { port, ask, stop: () => stop(server, dir) }
}

async function stop(server: ChildProcess, dir: string): Promise<void> {
  const exit = once(server, 'exit')
  if (server.exitCode === null && server.kill('SIGTERM')) await exit
  await rm(dir, { recursive: true, force: true })
}

function run([command, ...args]: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command!, args, { encoding: 'utf8' })
  if (status === 0) return stdout.trim()
  throw error ?? new Error(`${command} failed: ${stderr || stdout}`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
