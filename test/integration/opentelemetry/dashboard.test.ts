import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { buildPackage, packageRoot } from '../built-package'
import { describeWithCeph } from '../real-ceph'
import { type RedisServer, startRedis } from '../redis/redis-server'
import { type Prometheus, prometheusUnavailable, startPrometheus } from './prometheus'

interface Panel {
  readonly title: string
  readonly gridPos: { readonly y: number }
  readonly targets: readonly { readonly expr: string }[]
}

const example = join(packageRoot, 'examples/observability')
const { panels } = JSON.parse(await readFile(join(example, 'dashboard.json'), 'utf8')) as { panels: Panel[] }

const missing = await prometheusUnavailable()
if (missing && process.env.CI) throw new Error(`these tests need a real Prometheus: ${missing}`)

describe.skipIf(missing)('the dashboard, on a real Prometheus', () => {
  describeWithCeph('with real traffic', (gateway) => {
    const closers: (() => unknown)[] = []
    let redis: RedisServer
    let prometheus: Prometheus

    beforeAll(async () => {
      await buildPackage()
      redis = await startRedis()
      closers.push(() => redis[Symbol.asyncDispose]())
      const ports = [await startTraffic('web', redis.path), await startTraffic('worker')]
      const config = await readFile(join(example, 'prometheus.yml'), 'utf8')
      const targets = ports.map((port) => `'127.0.0.1:${port}'`).join(', ')
      prometheus = await startPrometheus(
        config.replace(/targets: \[.*\]/, `targets: [${targets}]`).replace(/interval: \w+/, 'interval: 1s'),
      )
      closers.push(() => prometheus[Symbol.asyncDispose]())
    })
    afterAll(async () => {
      for (const close of closers.reverse()) await close()
    })

    async function startTraffic(role: string, path?: string): Promise<number> {
      const { endpoint, bucket, credentials } = gateway
      const settings = { role, redis: path, store: { endpoint, bucket, credentials } }
      const child = spawn(process.execPath, [join(import.meta.dirname, 'traffic.mjs')], {
        env: { ...process.env, NODE_OPTIONS: '', NODE_NO_WARNINGS: '1', TRAFFIC: JSON.stringify(settings) },
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      const exit = once(child, 'exit')
      closers.push(async () => {
        child.kill('SIGKILL')
        await exit
      })
      const died = exit.then(([code]) => Promise.reject(new Error(`the ${role} process ended with ${code}`)))
      died.catch(() => {})
      const [port] = await Promise.race([once(createInterface(child.stdout), 'line'), died])
      return Number(port)
    }

    const soon = { timeout: 60_000, interval: 500 }
    const query = (expr: string) => prometheus.query(expr.replaceAll('$__rate_interval', '20s'))

    it('asks first for the memory of the processes and their limit', async () => {
      expect(panels[0]).toMatchObject({ title: 'Memory against its limit', gridPos: { y: 0 } })
      for (const name of ['process_memory_usage', 'process_memory_limit']) {
        await vi.waitFor(async () => {
          const samples = await query(name)
          expect(samples.map(({ labels }) => labels.process).sort()).toEqual(['web', 'worker'])
          for (const { value } of samples) expect(value).toBeGreaterThan(10e6)
        }, soon)
      }
    })

    const queries = panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const))

    it.each(queries)('has data: %s, %s', async (_, expr) => {
      await vi.waitFor(async () => expect(await query(expr)).not.toEqual([]), soon)
    })

    it('tells what really happens', async () => {
      const by = async (expr: string, label: string) => (await query(expr)).map(({ labels }) => labels[label])
      await vi.waitFor(async () => {
        const retries = panels.find(({ title }) => title === 'Retries')!.targets[0]!.expr
        expect(await by(retries, 'error_type')).toEqual(expect.arrayContaining(['THROTTLED', 'CONNECTION']))
        expect(await by(retries, 'sluiceway_side')).not.toContain('source')
        const outcomes = panels.find(({ title }) => title === 'Outcomes')!.targets[0]!.expr
        expect((await by(outcomes, 'sluiceway_outcome')).sort()).toEqual(['NOT_FOUND', 'stored'])
        expect(await by('sluiceway_connection_retired_total', 'sluiceway_reason')).toContain('renewed')
        const waiting = await query('worker_queue_jobs{state="wait"}')
        expect(waiting).toMatchObject([{ value: 1, labels: { process: 'web' } }])
      }, soon)
      const [moved] = await query(
        'sluiceway_transfer_io_total{process="worker", sluiceway_source_kind="ceph"} / on(instance) sluiceway_parts_total{process="worker", sluiceway_source_kind="ceph"}',
      )
      // Parts of 1 MiB each, but for those that were in flight at the scrape.
      expect(moved?.value).toBeGreaterThan(0.9 * 1024 ** 2)
    })
  })
})
