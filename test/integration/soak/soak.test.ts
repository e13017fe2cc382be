import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seeded } from '../../support/seeded'
import type { Question, SoakObject, SoakPlan, SoakReport, SoakSample } from './plan'
import { type SoakServers, soakServers } from './servers'

const KiB = 1024
const MiB = 1024 * KiB
const seed = Number(process.env.SOAK_SEED ?? Math.floor(Math.random() * 2 ** 31))
const transfers = 2000
/** The first ones fill caches and pools. */
const warm = 200
const sizes = [0, 1, 1000, 60, 200, 300, 500, 777, 1024, 1500, 2500, 3000]

let folder: string
let servers: SoakServers
let report: SoakReport
let output = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluiceway-soak-'))
  servers = await soakServers(seed, 0.05)
  const plan: SoakPlan = {
    transfers,
    concurrency: 8,
    seed,
    block: 100,
    folder,
    s3: { endpoint: servers.s3.url, bucket: servers.s3.bucket, credentials: servers.s3.credentials },
    cos: { endpoint: servers.cos.url, bucket: servers.cos.bucket, credentials: servers.cos.credentials },
    objects: await putObjects(),
  }
  report = await run(plan)
})
afterAll(async () => {
  await servers?.close()
  await rm(folder, { recursive: true, force: true })
})

async function putObjects(): Promise<SoakObject[]> {
  const root = join(folder, 'disk')
  await mkdir(root)
  const random = seeded(seed)
  const put = async (size: number): Promise<SoakObject> => {
    const key = `in-${size}`
    const bytes = Buffer.from(Uint8Array.from({ length: size }, () => random() * 256))
    await writeFile(join(root, key), bytes)
    await Promise.all([servers.s3.put(key, bytes), servers.cos.put(key, bytes)])
    return { key, size, sha256: createHash('sha256').update(bytes).digest('hex') }
  }
  return Promise.all(sizes.map((size, index) => put(index < 3 ? size : size * KiB)))
}

/** In a process of its own, so that nothing but the client is measured. */
function run(plan: SoakPlan): Promise<SoakReport> {
  const worker = fork(fileURLToPath(new URL('worker.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx', '--expose-gc'],
    env: { ...process.env, SOAK_PLAN: JSON.stringify(plan), NODE_NO_WARNINGS: '1' },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  for (const stream of [worker.stdout!, worker.stderr!]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  return new Promise((resolve, reject) => {
    worker.on('message', (message: Question | SoakReport) => {
      if ('samples' in message) resolve(message)
      else void servers.answer(message).then((answer) => worker.send(answer), reject)
    })
    worker.on('exit', (code, signal) => reject(new Error(`the process ended (${code ?? signal}): ${output}`)))
  })
}

/** Growth per 1,000 transfers, by least squares over the samples after the first 200. */
function growth(value: (sample: SoakSample) => number): number {
  const points = report.samples.filter((sample) => sample.transfers >= warm)
  const mean = (list: number[]) => list.reduce((sum, item) => sum + item, 0) / list.length
  const x = points.map((sample) => sample.transfers / 1000)
  const y = points.map(value)
  const [meanX, meanY] = [mean(x), mean(y)]
  const slope = mean(x.map((each, index) => (each - meanX) * (y[index]! - meanY)))
  return slope / mean(x.map((each) => (each - meanX) ** 2))
}

const active = (kind: RegExp) => (sample: SoakSample) =>
  Object.entries(sample.active).reduce((sum, [name, count]) => (kind.test(name) ? sum + count : sum), 0)

describe(`2,000 mixed transfers, 5 % of their requests faulted (SOAK_SEED=${seed})`, () => {
  it('end exact or truthfully failed, every one', () => {
    expect(report.complaints).toEqual([])
    const { success = 0 } = report.outcomes
    expect(Object.values(report.outcomes).reduce((sum, count) => sum + count)).toBe(transfers)
    // Most are neither aborted nor refused, and what goes wrong once is tried again.
    expect(success, JSON.stringify(report.outcomes)).toBeGreaterThan(transfers * 0.7)
    expect(servers.faulted).toBeGreaterThan(300)
    expect(report.retries).toBeGreaterThan(100)
    expect(report.resumedBytes).toBeGreaterThan(0)
  })

  it('leave no upload and no file behind that no error has named', async () => {
    const uploads = [...servers.s3.uploads(), ...servers.cos.uploads()]
    const unnamed = uploads.filter(({ uploadId }) => !report.named.includes(uploadId))
    expect(unnamed.map(({ key, uploadId, parts }) => ({ key, uploadId, parts: parts.length }))).toEqual([])
    expect(output).toBe('')
    const staged = (await readdir(join(folder, 'disk'))).filter((name) => !name.startsWith('in-'))
    expect(staged).toEqual([])
  })

  it('take no more memory as they go on', () => {
    const megabytes = report.samples.map(({ memory }) => Math.round(memory / MiB))
    expect(growth(({ memory }) => memory) / MiB, `MiB in use: ${megabytes}`).toBeLessThan(3)
  })

  it('hold no more sockets, files and timers as they go on', () => {
    const seen = (value: (sample: SoakSample) => number) => report.samples.map(value).join(' ')
    const sockets = (sample: SoakSample) => sample.sockets
    const files = (sample: SoakSample) => sample.files
    expect(growth(sockets), seen(sockets)).toBeLessThan(5)
    expect(growth(files), seen(files)).toBeLessThan(1)
    expect(growth(active(/Timeout/)), seen(active(/Timeout/))).toBeLessThan(2)
  })

  it('give everything back when their stores are closed', () => {
    const { closed } = report
    expect(closed.files, JSON.stringify(closed)).toBe(0)
    expect(active(/Timeout|TCP|FileHandle|FSReq/)(closed), JSON.stringify(closed)).toBe(0)
  })
})
