import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Programs that tests run, and Debian's packages they are in. */
export interface Programs {
  /** Each prints its version where it is installed. */
  readonly commands: readonly string[]
  readonly packages: readonly string[]
}

/** Why this machine has them not; undefined where it has, though they may have to be installed first. */
export async function unavailable({ commands, packages }: Programs): Promise<string | undefined> {
  if (process.platform !== 'linux') return `this machine runs ${process.platform}, not Linux`
  if (await installed(commands)) return undefined
  if (!(await succeeds('apt-get', '--version')))
    return `${packages} are missing, and this machine is not Debian`
  return process.getuid?.() === 0 ? undefined : `${packages} are missing, and only root can install them`
}

export async function install({ commands, packages }: Programs): Promise<void> {
  if (await installed(commands)) return
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const patience = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3']
  const apt = (...args: string[]) => run('apt-get', ['-qq', '-y', ...patience, ...args], { env })
  const get = () => apt('install', '--no-install-recommends', ...packages)
  // A fresh machine knows no packages, and an old list names files that are gone: refresh it and try once more.
  await get().catch(async () => {
    await apt('update')
    await get()
  })
}

async function installed(commands: readonly string[]): Promise<boolean> {
  const found = await Promise.all(commands.map((command) => succeeds(command, '--version')))
  return found.every(Boolean)
}

const succeeds = (command: string, ...args: string[]): Promise<boolean> =>
  run(command, args).then(
    () => true,
    () => false,
  )
