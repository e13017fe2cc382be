import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** Where the groups of this machine are made, and how its version of cgroups calls things. */
export interface Hierarchy {
  readonly version: 1 | 2
  /** Folders in which a group is made: version 1 keeps memory and processor time apart. */
  readonly mounts: { readonly memory: string; readonly cpu: string }
}

/** The hierarchy in which groups can be made; a string says why there is none. */
export function findHierarchy(): Hierarchy | string {
  if (process.platform !== 'linux') return `${process.platform} has no cgroups`
  if (process.getuid?.() !== 0) return 'only root can make memory cgroups'
  const version1 = { memory: mountOf('cgroup', 'memory'), cpu: mountOf('cgroup', 'cpuacct') }
  const version2 = mountOf('cgroup2')
  if (version1.memory && version1.cpu) {
    return writable({ version: 1, mounts: { memory: version1.memory, cpu: version1.cpu } })
  }
  if (!version2) return 'no memory cgroup is mounted'
  try {
    writeFileSync(`${version2}/cgroup.subtree_control`, '+memory')
  } catch (error) {
    return `the memory controller cannot be handed to a group: ${(error as Error).message}`
  }
  return writable({ version: 2, mounts: { memory: version2, cpu: version2 } })
}

function writable(hierarchy: Hierarchy): Hierarchy | string {
  const probe = `${hierarchy.mounts.memory}/sluiceway-probe-${process.pid}`
  try {
    mkdirSync(probe)
    rmdirSync(probe)
    return hierarchy
  } catch (error) {
    return `a memory cgroup cannot be made: ${(error as Error).message}`
  }
}

/** From /proc/self/mountinfo: `... mount-point options - type source super-options`. */
function mountOf(type: string, controller?: string): string | undefined {
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const [before = '', after = ''] = line.split(' - ')
    const [mountType, , options = ''] = after.split(' ')
    if (mountType === type && (!controller || options.split(',').includes(controller))) {
      return before.split(' ')[4]
    }
  }
  return undefined
}

/** The text of a file that may be missing. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** The number after `name` in a file of `name number` lines, or the whole file's number without a name. */
export function readNumber(path: string, name?: string): number | undefined {
  const text = readText(path)
  const found = name ? text?.match(new RegExp(`^${name} (\\d+)$`, 'm'))?.[1] : text
  return found === undefined ? undefined : Number(found)
}

/** Ends what still runs in the group, and removes it. */
export async function removeGroup(group: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    for (const pid of readText(`${group}/cgroup.procs`)?.split('\n').filter(Boolean) ?? []) {
      try {
        process.kill(Number(pid), 'SIGKILL')
      } catch {
        // It has ended by itself.
      }
    }
    try {
      rmdirSync(group)
      return
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT') return
      // Busy until the kernel has buried the last process.
      if (code !== 'EBUSY' || tries >= 100) throw error
    }
    await sleep(50)
  }
}
