import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe } from 'vitest'

/** Such as `size=8m`, `ro`, `nr_inodes=10`. */
export function mountTmpfs(...options: string[]): Mount {
  const root = mkdtempSync(join(tmpdir(), 'sluiceway-mount-'))
  try {
    mount('-t', 'tmpfs', '-o', ['mode=777', ...options].join(','), 'tmpfs', root)
  } catch (error) {
    rmdirSync(root)
    throw error
  }
  return {
    root,
    remount: (...changed) => mount('-o', ['remount', ...changed].join(','), root),
    [Symbol.dispose]() {
      execFileSync('umount', [root])
      rmdirSync(root)
    },
  }
}

export interface Mount extends Disposable {
  readonly root: string
  remount(...options: string[]): void
}

/** Runs `work` with the rights of a user who owns nothing. */
export async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  const { setegid, seteuid } = process as Required<NodeJS.Process>
  const nobody = 65_534
  setegid(nobody)
  seteuid(nobody)
  try {
    return await work()
  } finally {
    seteuid(0)
    setegid(0)
  }
}

/** Runs `work` with a lower limit of this process, as `ulimit` sets it: `fsize` in bytes, `nofile` in open files. */
export async function withLimit<T>(
  name: 'fsize' | 'nofile',
  value: number,
  work: () => Promise<T>,
): Promise<T> {
  const set = (soft: number | string) =>
    execFileSync('prlimit', ['--pid', `${process.pid}`, `--${name}=${soft}:`])
  const columns = ['--pid', `${process.pid}`, `--${name}`, '--noheadings', '--raw', '--output=SOFT']
  const before = execFileSync('prlimit', columns, { encoding: 'utf8' }).trim()
  set(value)
  try {
    return await work()
  } finally {
    set(before)
  }
}

const mount = (...args: string[]) => execFileSync('mount', args, { stdio: ['ignore', 'ignore', 'pipe'] })

/**
 * Tests that mount file systems, change user and lower limits. Where the machine does not let them they are reported as
 * skipped, with the reason in their name; on CI that is a failure.
 */
export function describeWithMounts(name: string, define: () => void): void {
  const unavailable = mountsUnavailable()
  if (!unavailable) describe(name, define)
  else if (process.env.CI) throw new Error(`these tests need to mount file systems: ${unavailable}`)
  else describe.skip(`${name} (no mounts here: ${unavailable})`, define)
}

function mountsUnavailable(): string | undefined {
  if (process.platform !== 'linux') return `this machine runs ${process.platform}, not Linux`
  if (process.geteuid?.() !== 0) return 'these tests do not run as root'
  try {
    mountTmpfs('size=1m')[Symbol.dispose]()
    execFileSync('prlimit', ['--version'])
    return undefined
  } catch (error) {
    return (error as Error).message.trim().replaceAll('\n', ' ')
  }
}
