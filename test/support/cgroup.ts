import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { findHierarchy, type Hierarchy, readNumber, readText, removeGroup } from './cgroup-files'

export interface CgroupRun {
  /** Limit of the group: anonymous memory, page cache and what the kernel keeps for its sockets. */
  readonly memoryBytes: number
  readonly command: string
  readonly args?: readonly string[]
  readonly cwd?: string
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Everything in the group is killed after this many milliseconds. @default 600000 */
  readonly timeoutMs?: number
}

export interface CgroupResult {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The kernel killed it because the group was out of memory. */
  readonly killed: boolean
  readonly timedOut: boolean
  /**
   * Highest resident set of the command's own process, bytes (VmHWM, read every 20 ms: what it grows by in its last
   * 20 ms is missed).
   */
  readonly peakBytes: number
  /** Highest use of the whole group, bytes. Page cache counts, so with disk writes it always nears the limit. */
  readonly groupPeakBytes: number
  readonly stdout: string
  readonly stderr: string
  /** Of all processes of the group. */
  readonly userSeconds: number
  readonly systemSeconds: number
  readonly wallSeconds: number
}

let hierarchy: Hierarchy | string | undefined
let groups = 0

/** Why commands cannot be run in a memory cgroup here; undefined where they can. */
export function cgroupAvailable(): string | undefined {
  hierarchy ??= findHierarchy()
  return typeof hierarchy === 'string' ? hierarchy : undefined
}

/** Runs a command in a memory cgroup of its own, without swap. It is in the group before its first instruction. */
export async function runInCgroup(run: CgroupRun): Promise<CgroupResult> {
  hierarchy ??= findHierarchy()
  if (typeof hierarchy === 'string') throw new Error(`cannot run in a memory cgroup: ${hierarchy}`)
  const name = `sluiceway-${process.pid}-${++groups}`
  const memory = `${hierarchy.mounts.memory}/${name}`
  const cpu = `${hierarchy.mounts.cpu}/${name}`
  try {
    for (const folder of new Set([memory, cpu])) mkdirSync(folder)
    limit(hierarchy.version, memory, run.memoryBytes)
    const ended = await runIn([memory, cpu], run)
    return { ...ended, ...account(hierarchy.version, memory, cpu, ended.signal) }
  } finally {
    await removeGroup(memory)
    await removeGroup(cpu)
  }
}

function limit(version: 1 | 2, memory: string, bytes: number): void {
  writeFileSync(`${memory}/${version === 1 ? 'memory.limit_in_bytes' : 'memory.max'}`, `${bytes}`)
  // With swap a process over its limit would grow slow, and not be killed. Kernels without swap lack the file.
  const swap =
    version === 1
      ? { file: `${memory}/memory.memsw.limit_in_bytes`, value: bytes }
      : { file: `${memory}/memory.swap.max`, value: 0 }
  if (existsSync(swap.file)) writeFileSync(swap.file, `${swap.value}`)
}

function account(version: 1 | 2, memory: string, cpu: string, signal: NodeJS.Signals | null) {
  const [events, peak] =
    version === 1 ? ['memory.oom_control', 'memory.max_usage_in_bytes'] : ['memory.events', 'memory.peak']
  const kills = readNumber(`${memory}/${events}`, 'oom_kill') ?? 0
  // cpuacct counts in ticks of 10 ms.
  const [file, user, system, perSecond] =
    version === 1 ? ['cpuacct.stat', 'user', 'system', 100] : ['cpu.stat', 'user_usec', 'system_usec', 1e6]
  return {
    killed: signal === 'SIGKILL' && kills > 0,
    groupPeakBytes: readNumber(`${memory}/${peak}`) ?? 0,
    userSeconds: (readNumber(`${cpu}/${file}`, `${user}`) ?? 0) / Number(perSecond),
    systemSeconds: (readNumber(`${cpu}/${file}`, `${system}`) ?? 0) / Number(perSecond),
  }
}

type Ended = Omit<CgroupResult, 'killed' | 'groupPeakBytes' | 'userSeconds' | 'systemSeconds'>

const join = 'echo $$ > "$1/cgroup.procs" && echo $$ > "$2/cgroup.procs" && shift 2 && exec "$@"'

function runIn(folders: readonly [string, string], run: CgroupRun): Promise<Ended> {
  const started = performance.now()
  const child = spawn('/bin/sh', ['-c', join, 'sh', ...folders, run.command, ...(run.args ?? [])], {
    cwd: run.cwd,
    env: { ...process.env, ...run.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
    })
  }
  const peak = watchPeak(child)
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    for (const pid of readText(`${folders[0]}/cgroup.procs`)?.split('\n').filter(Boolean) ?? []) {
      process.kill(Number(pid), 'SIGKILL')
    }
  }, run.timeoutMs ?? 600_000)
  return new Promise<Ended>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      const wallSeconds = (performance.now() - started) / 1000
      resolve({ code, signal, timedOut, peakBytes: peak(), wallSeconds, ...output })
    })
  }).finally(() => {
    clearTimeout(timer)
    peak()
  })
}

/** The function it returns ends the watch and gives the highest resident set seen. */
function watchPeak(child: ChildProcess): () => number {
  let bytes = 0
  const look = () => {
    const kilobytes = readText(`/proc/${child.pid}/status`)?.match(/^VmHWM:\s+(\d+) kB$/m)?.[1]
    bytes = Math.max(bytes, Number(kilobytes ?? 0) * 1024)
  }
  const timer = setInterval(look, 20)
  return () => {
    clearInterval(timer)
    return bytes
  }
}
