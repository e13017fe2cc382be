import { execFileSync } from 'node:child_process'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type CosServer, cosServer } from 'sluiceway/testing'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { runInCgroup } from '../../support/cgroup'
import { type Gateway, startGateway } from '../ceph/gateway'
import { describeWithCgroup } from '../real-cgroup'
import { MiB } from '../stores'

const GiB = 1024 * MiB
const small = 256 * MiB
const large = 10 * GiB
const limit = 128 * MiB
const worker = fileURLToPath(new URL('worker.mjs', import.meta.url))
const root = fileURLToPath(new URL('../../..', import.meta.url))

describeWithCgroup(`a transfer in a container of ${limit / MiB} MiB`, () => {
  let cos: CosServer
  let folder: string
  let gateway: Gateway | undefined

  beforeAll(async () => {
    execFileSync('npx', ['tsup', '--no-dts', '--silent'], { cwd: root })
    folder = await mkdtemp(join(tmpdir(), 'sluiceway-memory-'))
    cos = await cosServer({ storage: 'discard' })
    for (const size of [small, large]) cos.addSynthetic(`${size}`, size, { seed: 1 })
  })
  afterAll(async () => {
    await gateway?.stop()
    await cos.close()
    await rm(folder, { recursive: true, force: true })
  })

  const cosEnd = (key: string) => ({
    kind: 'cos',
    key,
    options: { endpoint: cos.url, bucket: cos.bucket, region: 'ap-guangzhou', credentials: cos.credentials },
  })
  const diskEnd = (key: string) => ({ kind: 'disk', key, options: { root: folder } })
  const cephEnd = (key: string) => ({
    kind: 'ceph',
    key,
    options: { endpoint: gateway!.endpoint, bucket: 'memory', credentials: gateway!.credentials },
  })

  /** Moves `size` bytes under the limit; gives the highest resident set, in MiB. */
  async function move(size: number, from: object, to: object, options: object = {}): Promise<number> {
    const env = { JOB: JSON.stringify({ size, from, to, options }), NODE_NO_WARNINGS: '1' }
    const run = await runInCgroup({
      memoryBytes: limit,
      command: process.execPath,
      args: [worker],
      env,
      cwd: root,
    })
    expect(run, run.stderr).toMatchObject({ code: 0, killed: false })
    expect(JSON.parse(run.stdout)).toMatchObject({ bytes: size, retries: 0 })
    return run.peakBytes / MiB
  }

  /** Both sizes by the same route: the peak must not depend on the size. */
  async function moveBoth(name: string, move: (size: number) => Promise<number>) {
    // The small ones end before the heap has reached its usual size every time; the highest of a few has.
    const smalls = [await move(small), await move(small), await move(small)]
    const peaks = { small: Math.max(...smalls), large: await move(large) }
    console.info(
      `${name}: ${peaks.small.toFixed(0)} MiB at most for 256 MiB, ${peaks.large.toFixed(0)} for 10 GiB`,
    )
    expect(Math.abs(peaks.large - peaks.small)).toBeLessThan(16)
  }

  const provided = inject('ceph')
  it.skipIf('unavailable' in provided)('from a real Ceph to COS does not grow with the object', async () => {
    // In a file: in memory the objects would take more of it than many machines have.
    gateway = await startGateway({ bluestoreBytes: 16 * GiB })
    await gateway.createBucket('memory')
    for (const size of [small, large]) {
      // Staged as an upload whose length is known, so that the gateway is filled under the same limit.
      await move(size, { kind: 'stream', options: { size } }, cephEnd(`${size}`))
    }
    await moveBoth('Ceph to COS', (size) => move(size, cephEnd(`${size}`), cosEnd('out')))
  })

  it('from disk to COS does not grow with the object', async () => {
    for (const size of [small, large]) {
      const file = await open(join(folder, `${size}`), 'w')
      await file.truncate(size)
      await file.close()
    }
    await moveBoth('disk to COS', (size) => move(size, diskEnd(`${size}`), cosEnd('out')))
  })

  it('from COS to disk does not grow with the object', async () => {
    await moveBoth('COS to disk', (size) => move(size, cosEnd(`${size}`), diskEnd('out')))
  })

  it('from a stream of unknown length to COS stays within its budget', async () => {
    // A quarter of the container's limit by default, which the container enforces with all the rest.
    const peak = await move(large, { kind: 'stream' }, cosEnd('out'))
    console.info(`stream to COS: ${peak.toFixed(0)} MiB at most for 10 GiB`)
  })
})
