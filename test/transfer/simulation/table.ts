import { planParts } from '../../../src/transfer/plan'
import { GiB, limits, MiB, move, TiB } from './grid'

/** `npm run simulate`: the table of docs/performance.md, by the clock of the simulation. */
const sizes = {
  '64 MiB': 64 * MiB,
  '2 GiB': 2 * GiB,
  '20 GiB': 20 * GiB,
  '1 TiB': TiB,
  '48.8 TiB': 50_000 * GiB,
}
const latencies = [0, 1, 10, 30, 100, 300]
const line = { perStream: 25 * MiB, total: 500 * MiB, errors: 0.001 }

const row = (cells: readonly (string | number)[]) => console.log(`| ${cells.join(' | ')} |`)
const minute = 60_000
const hour = 60 * minute

function duration(milliseconds: number): string {
  const [unit, name] =
    milliseconds < 3 * minute ? [1000, 's'] : milliseconds < 3 * hour ? [minute, 'min'] : [hour, 'h']
  return `${(milliseconds / unit).toPrecision(3)} ${name}`
}

row(['object', 'parts', 'concurrency', ...latencies.map((latency) => `${latency} ms`)])
row(Array(latencies.length + 3).fill('---'))
for (const [name, size] of Object.entries(sizes)) {
  const { partSize, parts } = planParts(size, limits)
  for (const concurrency of [4, 32, undefined]) {
    const setting = concurrency === undefined ? {} : { concurrency }
    const times = latencies.map((latency) => move(size, { ...line, latency }, setting).milliseconds)
    row([name, `${parts} x ${partSize / MiB} MiB`, concurrency ?? 'default', ...times.map(duration)])
  }
}
