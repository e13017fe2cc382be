import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { install, unavailable } from '../packages'

const programs = { commands: ['prometheus', 'promtool'], packages: ['prometheus'] }

/** A Prometheus of the tests' own, beside any that the machine runs. */
export interface Prometheus extends AsyncDisposable {
  /** The values of an instant query, by the labels of their series; those that are no number are left out. */
  query(expression: string): Promise<Sample[]>
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** It ends with this process, however that ends. @param config as in prometheus.yml */
export async function startPrometheus(config: string): Promise<Prometheus> {
  await install(programs)
  const dir = await mkdtemp(join(tmpdir(), 'sluiceway-prometheus-'))
  const file = join(dir, 'prometheus.yml')
  await writeFile(file, config)
  await promisify(execFile)('promtool', ['check', 'config', file])
  const address = `127.0.0.1:${await freePort()}`
  const flags = [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(dir, 'data')}`,
    `--web.listen-address=${address}`,
  ]
  const server = spawn('setpriv', ['--pdeathsig', 'KILL', 'prometheus', ...flags], { stdio: 'ignore' })
  const exit = once(server, 'exit')

  async function dispose(): Promise<void> {
    if (server.exitCode === null && server.signalCode === null) server.kill('SIGKILL')
    await exit
    await rm(dir, { recursive: true, force: true })
  }

  async function query(expression: string): Promise<Sample[]> {
    const parameters = new URLSearchParams({ query: expression })
    const reply = await fetch(`http://${address}/api/v1/query?${parameters}`)
    const { status, data, error } = (await reply.json()) as Answer
    if (status !== 'success') throw new Error(`${expression}: ${error}`)
    return data.result
      .map(({ metric, value: [, text] }) => ({ labels: metric, value: Number(text) }))
      .filter(({ value }) => !Number.isNaN(value))
  }

  const isReady = () =>
    fetch(`http://${address}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    )
  for (let tries = 0; !(await isReady()); tries += 1) {
    if (server.exitCode === null && tries < 300) await sleep(100)
    else {
      await dispose()
      throw new Error('prometheus did not answer')
    }
  }
  return { query, [Symbol.asyncDispose]: dispose }
}

interface Answer {
  readonly status: string
  readonly error?: string
  readonly data: { readonly result: readonly { metric: Record<string, string>; value: [number, string] }[] }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Why this machine cannot run one; undefined where it can, though its package may have to be installed first. */
export const prometheusUnavailable = (): Promise<string | undefined> => unavailable(programs)
