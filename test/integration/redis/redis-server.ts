import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { install, unavailable } from '../packages'

const run = promisify(execFile)

const programs = { commands: ['redis-server', 'redis-cli'], packages: ['redis-server', 'redis-tools'] }

/** A Redis of the tests' own, beside any that the machine runs. */
export interface RedisServer extends AsyncDisposable {
  /** Of its socket; it listens on no port. */
  readonly path: string
  /** Runs one command with redis-cli, such as `command('dbsize')`. */
  command(...args: string[]): Promise<string>
  /** Ends it at once; what it held is gone. */
  kill(): Promise<void>
}

/** It keeps everything in memory, and ends with this process, however that ends. */
export async function startRedis(): Promise<RedisServer> {
  await install(programs)
  const dir = await mkdtemp(join(tmpdir(), 'sluiceway-redis-'))
  const path = join(dir, 'redis.sock')
  const settings = ['--port', '0', '--unixsocket', path, '--save', '', '--appendonly', 'no', '--dir', dir]
  const server = spawn('setpriv', ['--pdeathsig', 'KILL', 'redis-server', ...settings], { stdio: 'ignore' })
  const exit = once(server, 'exit')
  const command = async (...args: string[]) => (await run('redis-cli', ['-s', path, ...args])).stdout.trim()
  const kill = async () => {
    if (server.exitCode === null && server.signalCode === null) server.kill('SIGKILL')
    await exit
  }
  const dispose = async () => {
    await kill()
    await rm(dir, { recursive: true, force: true })
  }
  for (let tries = 0; (await command('ping').catch(() => '')) !== 'PONG'; tries += 1) {
    if (server.exitCode === null && tries < 200) await sleep(50)
    else {
      await dispose()
      throw new Error('redis-server did not answer')
    }
  }
  return { path, command, kill, [Symbol.asyncDispose]: dispose }
}

/** Why this machine cannot run one; undefined where it can, though its package may have to be installed first. */
export const redisUnavailable = (): Promise<string | undefined> => unavailable(programs)
