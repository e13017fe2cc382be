import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

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
  await installRedis()
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
export async function redisUnavailable(): Promise<string | undefined> {
  if (process.platform !== 'linux') return `this machine runs ${process.platform}, not Linux`
  if (await installed()) return undefined
  const debian = await succeeds('apt-get', '--version')
  if (!debian) return 'redis-server is missing, and this machine is not Debian'
  return process.getuid?.() === 0 ? undefined : 'redis-server is missing, and only root can install it'
}

async function installRedis(): Promise<void> {
  if (await installed()) return
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const patience = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3']
  const apt = (...args: string[]) => run('apt-get', ['-qq', '-y', ...patience, ...args], { env })
  const install = () => apt('install', '--no-install-recommends', 'redis-server', 'redis-tools')
  // A fresh machine knows no packages, and an old list names files that are gone: refresh it and try once more.
  await install().catch(async () => {
    await apt('update')
    await install()
  })
}

const installed = async () =>
  (await succeeds('redis-server', '--version')) && (await succeeds('redis-cli', '--version'))

const succeeds = (command: string, ...args: string[]): Promise<boolean> =>
  run(command, args).then(
    () => true,
    () => false,
  )
