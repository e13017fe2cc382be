import { expect, it } from 'vitest'
import { runInCgroup } from '../../support/cgroup'
import { describeWithCgroup } from '../real-cgroup'

const MiB = 1024 ** 2

const node = (script: string, memoryBytes: number, timeoutMs?: number) =>
  runInCgroup({
    memoryBytes,
    timeoutMs,
    command: process.execPath,
    args: ['--input-type=module', '-e', script],
    env: { GREETING: 'hello' },
  })

describeWithCgroup('a command run in a memory cgroup', () => {
  it('gives its output, its exit code and what it used', async () => {
    const run = await node(
      `console.log(process.env.GREETING); console.error('oops'); Buffer.alloc(${64 * MiB}, 1)
       const end = Date.now() + 300; while (Date.now() < end); process.exitCode = 3`,
      300 * MiB,
    )
    expect(run).toMatchObject({ code: 3, signal: null, killed: false, timedOut: false })
    expect([run.stdout, run.stderr]).toEqual(['hello\n', 'oops\n'])
    expect(run.peakBytes).toBeGreaterThan(64 * MiB)
    expect(run.groupPeakBytes).toBeGreaterThan(64 * MiB)
    expect(run.groupPeakBytes).toBeLessThanOrEqual(300 * MiB)
    expect(run.userSeconds + run.systemSeconds).toBeGreaterThan(0)
    expect(run.wallSeconds).toBeGreaterThan(0.3)
  })

  it('is killed when it takes more memory than it may have', async () => {
    const run = await node(`Buffer.alloc(${400 * MiB}, 1); console.log('survived')`, 128 * MiB)
    expect(run).toMatchObject({ signal: 'SIGKILL', killed: true, stdout: '' })
  })

  it('is ended with its children when its time is over, which is not called killed', async () => {
    const run = await node(
      `import { spawn } from 'node:child_process'
       spawn('sleep', ['600'], { stdio: 'inherit' }); setInterval(() => {}, 1000)`,
      128 * MiB,
      1000,
    )
    expect(run).toMatchObject({ signal: 'SIGKILL', killed: false, timedOut: true })
  })
})
