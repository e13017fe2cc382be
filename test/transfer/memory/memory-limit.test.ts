import { describe, expect, it } from 'vitest'
import { containerMemoryLimit } from '../../../src/transfer/memory/memory-limit'

const GiB = 1024 ** 3
const unlimitedV1 = '9223372036854771712\n'

/** The limit a process sees that finds these files, on a machine with 64 GiB. */
const limitWith = (files: Record<string, string>): number | undefined =>
  containerMemoryLimit((path) => {
    const text = files[path]
    if (text === undefined) throw Object.assign(new Error(`no file ${path}`), { code: 'ENOENT' })
    return text
  }, 64 * GiB)

describe('the memory limit of a container', () => {
  it('is unknown where there are no cgroups at all', () => {
    expect(limitWith({})).toBeUndefined()
  })

  it('is unknown where every cgroup is unlimited', () => {
    expect(
      limitWith({ '/proc/self/cgroup': '0::/app\n', '/sys/fs/cgroup/app/memory.max': 'max\n' }),
    ).toBeUndefined()
    expect(
      limitWith({
        '/proc/self/cgroup': '4:memory:/app\n0::/\n',
        '/sys/fs/cgroup/memory/app/memory.limit_in_bytes': unlimitedV1,
        '/sys/fs/cgroup/memory/memory.limit_in_bytes': unlimitedV1,
      }),
    ).toBeUndefined()
  })

  it('is what version 2 states of the group', () => {
    const files = { '/proc/self/cgroup': '0::/app\n', '/sys/fs/cgroup/app/memory.max': `${GiB}\n` }
    expect(limitWith(files)).toBe(GiB)
  })

  it('is what version 1 states of the group, among other controllers', () => {
    const files = {
      '/proc/self/cgroup': '9:name=systemd:/\n4:cpu,memory:/app\n0::/\n',
      '/sys/fs/cgroup/memory/app/memory.limit_in_bytes': `${GiB}\n`,
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': unlimitedV1,
    }
    expect(limitWith(files)).toBe(GiB)
  })

  it('is the lowest of the groups around the process', () => {
    expect(
      limitWith({
        '/proc/self/cgroup': '0::/pod/app/task\n',
        '/sys/fs/cgroup/pod/app/task/memory.max': 'max\n',
        '/sys/fs/cgroup/pod/app/memory.max': `${3 * GiB}\n`,
        '/sys/fs/cgroup/pod/memory.max': `${2 * GiB}\n`,
      }),
    ).toBe(2 * GiB)
    expect(
      limitWith({
        '/proc/self/cgroup': '4:memory:/pod/app\n',
        '/sys/fs/cgroup/memory/pod/app/memory.limit_in_bytes': unlimitedV1,
        '/sys/fs/cgroup/memory/pod/memory.limit_in_bytes': `${2 * GiB}\n`,
      }),
    ).toBe(2 * GiB)
  })

  it('is found at the mount where the container sees only its own group', () => {
    expect(limitWith({ '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/memory.max': `${GiB}\n` })).toBe(GiB)
    expect(
      limitWith({
        '/proc/self/cgroup': '4:memory:/docker/0123abcd\n',
        '/sys/fs/cgroup/memory/memory.limit_in_bytes': `${GiB}\n`,
      }),
    ).toBe(GiB)
    expect(limitWith({ '/proc/self/cgroup': '0::/../..\n', '/sys/fs/cgroup/memory.max': `${GiB}\n` })).toBe(
      GiB,
    )
  })

  it('keeps a colon in the name of a group', () => {
    const files = { '/proc/self/cgroup': '0::/a:b\n', '/sys/fs/cgroup/a:b/memory.max': `${GiB}\n` }
    expect(limitWith(files)).toBe(GiB)
  })

  it('is never more than the machine has', () => {
    const files = { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/memory.max': `${128 * GiB}\n` }
    expect(limitWith(files)).toBe(64 * GiB)
  })

  it('can be asked for on this machine', () => {
    expect(containerMemoryLimit() ?? 1).toBeGreaterThan(0)
  })
})
