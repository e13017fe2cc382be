import { fixedStreams } from './cases/circumstances'
import type { Sample } from './client'
import { type Figure, median, ratio, type Table } from './report'

/** What is promised of a case, and how it is measured. */
interface Promised {
  readonly case: string
  readonly what: string
  /** A bound on the figure; undefined where there is none. */
  readonly asked?: { readonly atMost: number } | { readonly atLeast: number }
  measure(samples: Table['samples']): number
}

const sdk = 'SDK streams, nothing verified'
const endToEnd = 'sluiceway, end to end'
const attested = 'sluiceway, attested'

const compare =
  (figure: Figure, of: string, to: string): Promised['measure'] =>
  (samples) =>
    ratio(figure, samples[of]!, samples[to]!)

/** Round by round: our CPU without what the digests cost alone, to that of the SDKs, which compute none. */
const cpuBesideDigests =
  (of: string, digests: string): Promised['measure'] =>
  (samples) => {
    const rest = samples[of]!.map(
      (ours, round) => (ours.cpu - samples[digests]![round]!.cpu) / samples[sdk]![round]!.cpu,
    )
    return median(rest)
  }

const wall = (list: readonly Sample[]) => median(list.map((sample) => sample.wall))

function toBestStreams(samples: Table['samples']): number {
  const best = Math.min(...fixedStreams.map((count) => wall(samples[`SDK streams, ${count}`]!)))
  return wall(samples[attested]!) / best
}

function s3ToCos(level: string, ours: string, digests: string): Promised[] {
  const about = { case: 's3-to-cos' } as const
  return [
    {
      ...about,
      what: `S3 to COS, ${level}: CPU without the digests alone, to the SDK streams`,
      asked: { atMost: 0.6 },
      measure: cpuBesideDigests(ours, digests),
    },
    {
      ...about,
      what: `S3 to COS, ${level}: CPU to rclone`,
      asked: { atMost: 0.3 },
      measure: compare('cpu', ours, 'rclone'),
    },
    {
      ...about,
      what: `S3 to COS, ${level}: wall to the SDK streams`,
      asked: { atMost: 0.6 },
      measure: compare('wall', ours, sdk),
    },
  ]
}

const promises: readonly Promised[] = [
  ...s3ToCos('attested', attested, 'CRC-64 alone'),
  // The ETag of an S3 object is an MD5, which alone costs more than the whole rest.
  ...s3ToCos('end to end', endToEnd, 'CRC-64 and MD5 alone'),
  {
    case: 's3-to-cos',
    what: 'S3 to COS, sizes only: CPU to the socket floor',
    asked: { atMost: 1.5 },
    measure: compare('cpu', 'sluiceway, sizes only', 'socket floor'),
  },
  {
    case: 'container',
    what: 'S3 to COS, end to end, in a cgroup of 64 MiB: MiB it held at its peak',
    // What needs more is killed, and ends the benchmark.
    asked: { atMost: 64 },
    measure: (samples) => median(samples[endToEnd]!.map(({ groupPeak }) => groupPeak!)),
  },
  {
    case: 's3-to-disk',
    what: 'S3 to disk, attested, with fsync: CPU to rclone, without',
    asked: { atMost: 1 },
    measure: compare('cpu', attested, 'rclone'),
  },
  {
    case: 's3-to-disk',
    what: 'S3 to disk, attested, with fsync: wall to rclone, without',
    asked: { atMost: 1 },
    measure: compare('wall', attested, 'rclone'),
  },
  {
    case: 's3-to-disk',
    what: 'S3 to disk, attested, without fsync: wall to rclone',
    measure: compare('wall', 'sluiceway, attested, without fsync', 'rclone'),
  },
  {
    case: 'disk-to-cos',
    what: 'Disk to COS, attested: CPU to sliceUploadFile',
    asked: { atMost: 0.35 },
    measure: compare('cpu', attested, 'COS SDK, sliceUploadFile'),
  },
  {
    case: 'disk-to-cos',
    what: 'Disk to COS, attested: wall to sliceUploadFile',
    asked: { atMost: 0.35 },
    measure: compare('wall', attested, 'COS SDK, sliceUploadFile'),
  },
  {
    case: 'small',
    what: '2,000 objects of 16 KiB: CPU to the SDK loop',
    asked: { atMost: 0.6 },
    measure: compare('cpu', attested, 'SDK loop: get and put'),
  },
  {
    case: 'small',
    what: '2,000 objects of 16 KiB: wall to the SDK loop',
    asked: { atMost: 0.6 },
    measure: compare('wall', attested, 'SDK loop: get and put'),
  },
  {
    case: 'small',
    what: '2,000 objects of 16 KiB: wall to rclone',
    measure: compare('wall', attested, 'rclone'),
  },
  {
    case: 'slow-line',
    what: '30 ms away, default settings: wall to the best number of SDK streams',
    asked: { atMost: 1 },
    measure: toBestStreams,
  },
  {
    case: 'slow-line',
    what: '30 ms away, default settings: throughput to rclone',
    asked: { atLeast: 8 },
    measure: (samples) => ratio('wall', samples.rclone!, samples[attested]!),
  },
  {
    case: 'event-loop',
    what: 'Event loop, attested: late by so many ms, 99th percentile',
    asked: { atMost: 20 },
    measure: (samples) => median(samples[attested]!.map(({ late }) => late!.p99)),
  },
  {
    case: 'event-loop',
    what: 'Event loop, attested: own CPU between two turns, ms, 99th percentile',
    measure: (samples) => median(samples[attested]!.map(({ busy }) => busy!.p99)),
  },
]

export const promisedCases = new Set(promises.map((one) => one.case))

/** One line for each promise of the cases that were run. */
export function judge(tables: ReadonlyMap<string, Table>): string | undefined {
  const lines = promises.flatMap(({ case: name, what, asked, measure }) => {
    const table = tables.get(name)
    if (!table) return []
    const measured = measure(table.samples)
    return `| ${what} | ${boundOf(asked)} | ${measured.toPrecision(3)} | ${verdict(asked, measured)} |`
  })
  return lines.length > 0
    ? ['| promise | asked | measured | kept |', '|---|---|---|---|', ...lines].join('\n')
    : undefined
}

function boundOf(asked: Promised['asked']): string {
  if (!asked) return ''
  return 'atMost' in asked ? `≤ ${asked.atMost}` : `≥ ${asked.atLeast}`
}

function verdict(asked: Promised['asked'], measured: number): string {
  if (!asked) return ''
  return ('atMost' in asked ? measured <= asked.atMost : measured >= asked.atLeast) ? 'yes' : '**no**'
}
