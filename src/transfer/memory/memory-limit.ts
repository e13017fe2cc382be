import { readFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { posix } from 'node:path'

type ReadText = (path: string) => string

const root = '/sys/fs/cgroup'

/**
 * Bytes of memory this process's container or cgroup may use; undefined where nothing limits it. Never more than
 * the machine has.
 *
 * `process.constrainedMemory()` of Node 20 looks at the innermost cgroup alone, and so misses a limit that is set on
 * the one around it, as Kubernetes and systemd slices do.
 */
export function containerMemoryLimit(
  read: ReadText = (path) => readFileSync(path, 'utf8'),
  machineBytes: number = totalmem(),
): number | undefined {
  const limits = limitFiles(textOr('', read, '/proc/self/cgroup'))
    .map((path) => bytesOf(textOr('max', read, path)))
    .filter((bytes) => bytes !== undefined)
  return limits.length > 0 ? Math.min(machineBytes, ...limits) : undefined
}

/** The files that may hold a limit, for each line `id:controllers:path` of /proc/self/cgroup that concerns memory. */
function limitFiles(cgroups: string): string[] {
  return cgroups.split('\n').flatMap((line) => {
    const [id, controllers = '', ...path] = line.split(':')
    if (id === '0' && controllers === '') return above(path.join(':'), root, 'memory.max')
    if (!controllers.split(',').includes('memory')) return []
    return above(path.join(':'), `${root}/memory`, 'memory.limit_in_bytes')
  })
}

/**
 * The file in the named group and in every group around it, up to the mount. In a container the named groups may not
 * exist below the mount, which is then the container's own group.
 */
function above(path: string, mount: string, file: string): string[] {
  // Seen from another cgroup namespace the path begins with `/..`.
  const names = posix
    .normalize(`/${path}`)
    .split('/')
    .filter((name) => name !== '')
  return [...names, ''].map((_, depth) => posix.join(mount, ...names.slice(0, names.length - depth), file))
}

/** `max`, and the huge number that version 1 writes instead, are no limit. */
function bytesOf(text: string): number | undefined {
  const bytes = /^\d+$/.test(text.trim()) ? Number(text) : Number.POSITIVE_INFINITY
  return bytes <= Number.MAX_SAFE_INTEGER ? bytes : undefined
}

function textOr(otherwise: string, read: ReadText, path: string): string {
  try {
    return read(path)
  } catch {
    return otherwise
  }
}
