import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { runInCgroup } from '../../support/cgroup'
import { describeWithCgroup } from '../real-cgroup'

const MiB = 1024 ** 2
const source = fileURLToPath(new URL('../../../src/transfer/memory/memory-limit.ts', import.meta.url))
const script = `import { containerMemoryLimit } from ${JSON.stringify(source)}; console.log(containerMemoryLimit())`

const limitSeen = async (command: string, args: readonly string[]): Promise<number> => {
  const { stdout, stderr } = await runInCgroup({ memoryBytes: 300 * MiB, command, args })
  expect(stderr).not.toContain('Error')
  return Number(stdout)
}

const node = ['--import', 'tsx', '--input-type=module', '-e', script]

describeWithCgroup('the memory limit of a real container', () => {
  it('is found by a process in the limited cgroup', async () => {
    expect(await limitSeen(process.execPath, node)).toBe(300 * MiB)
  })

  it('is found by a process in an unlimited cgroup inside the limited one', async () => {
    // The group inside is named by the shell, which knows its own group only once it is in it.
    const enter = `
      own=$(sed -n 's/^[0-9]*:memory://p' /proc/self/cgroup); base=/sys/fs/cgroup/memory
      [ -n "$own" ] || { own=$(sed -n 's/^0:://p' /proc/self/cgroup); base=/sys/fs/cgroup; }
      mkdir "$base$own/inside" && (echo $(exec sh -c 'echo $PPID') > "$base$own/inside/cgroup.procs" && exec "$@")
      rmdir "$base$own/inside"`
    expect(await limitSeen('sh', ['-c', enter, 'sh', process.execPath, ...node])).toBe(300 * MiB)
  })
})
