import { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { markdown, type Row, type Sample, summarise } from './report'

/**
 * `npm run bench -- [--size MiB] [--rounds N] [--write]`: what a transfer costs beside its peers. Each client runs in
 * a process of its own, the clients in turn (A B C A B C), so that a machine that slows down slows all of them.
 */
const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '1024' },
    rounds: { type: 'string', default: '5' },
    write: { type: 'boolean', default: false },
  },
})
const MiB = 1024 * 1024
const size = Number(values.size) * MiB
const rounds = Number(values.rounds)
const parts = { size, partSize: 16 * MiB, concurrency: 4 }
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

const servers = fork(here('servers.ts'), [String(size)], { execArgv: ['--import', 'tsx'] })
const [{ targets, ...facts }] = await once(servers, 'message')

const cases: Record<string, { baseline: string; clients: Record<string, [file: string, setting: object]> }> =
  {
    'S3 to COS': {
      baseline: 'SDK streams, nothing verified',
      clients: {
        'sluiceway, verified': ['sluiceway', { target: targets.cos, verify: 'attested' }],
        'sluiceway, sizes only': ['sluiceway', { target: targets.cos, verify: 'size' }],
        'SDK streams, nothing verified': ['sdk-to-cos', { target: targets.cos }],
        'CRC-64 alone': ['digest', { digest: 'crc64' }],
      },
    },
    'S3 to S3': {
      baseline: 'SDK streams, nothing verified',
      clients: {
        'sluiceway, verified': ['sluiceway', { target: targets.s3, verify: 'attested' }],
        'sluiceway, sizes only': ['sluiceway', { target: targets.s3, verify: 'size' }],
        'SDK streams, nothing verified': ['sdk-to-s3', { target: targets.s3 }],
        '@aws-sdk/lib-storage': ['lib-storage', { target: targets.s3 }],
        'MD5 alone': ['digest', { digest: 'md5' }],
        'CRC-64 alone': ['digest', { digest: 'crc64' }],
      },
    },
  }

async function run(file: string, setting: object): Promise<Sample> {
  const { stdout } = await promisify(execFile)(process.execPath, [here(`clients/${file}.mjs`)], {
    env: {
      ...process.env,
      NODE_NO_WARNINGS: '1',
      BENCH_SETTING: JSON.stringify({ ...facts, ...parts, ...setting }),
    },
  })
  return JSON.parse(stdout)
}

const tables: string[] = []
for (const [name, { baseline, clients }] of Object.entries(cases)) {
  const samples: Record<string, Sample[]> = Object.fromEntries(Object.keys(clients).map((key) => [key, []]))
  for (let round = 0; round <= rounds; round += 1) {
    for (const [client, [file, setting]] of Object.entries(clients)) {
      const sample = await run(file, setting)
      // The first round warms caches and is not counted.
      if (round > 0) samples[client]!.push(sample)
    }
  }
  const rows: Row[] = Object.entries(samples).map(([client, list]) =>
    summarise(client, list, samples[baseline]!),
  )
  tables.push(markdown(name, rows))
  console.log(tables.at(-1))
}
servers.disconnect()

if (values.write) {
  const path = here('../../docs/performance.md')
  const text = await readFile(path, 'utf8')
  const table = `<!-- bench -->\n\n${tables.join('\n\n')}\n\n<!-- /bench -->`
  await writeFile(
    path,
    text.replace(/<!-- bench -->[\s\S]*<!-- \/bench -->/, () => table),
  )
}
