/** What one run of a client cost: CPU and wall seconds per GiB, peak resident MiB. */
export interface Sample {
  readonly cpu: number
  readonly wall: number
  readonly peak: number
}

export interface Row {
  readonly client: string
  readonly median: Sample
  readonly lowest: Sample
  readonly highest: Sample
  /** Median of the ratios to the baseline, round by round. */
  readonly ratio: Sample
}

const figures = ['cpu', 'wall', 'peak'] as const

const each = (pick: (figure: (typeof figures)[number]) => number): Sample => ({
  cpu: pick('cpu'),
  wall: pick('wall'),
  peak: pick('peak'),
})

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

export function summarise(client: string, samples: readonly Sample[], baseline: readonly Sample[]): Row {
  return {
    client,
    median: each((figure) => median(samples.map((sample) => sample[figure]))),
    lowest: each((figure) => Math.min(...samples.map((sample) => sample[figure]))),
    highest: each((figure) => Math.max(...samples.map((sample) => sample[figure]))),
    ratio: each((figure) =>
      median(samples.map((sample, round) => sample[figure] / baseline[round]![figure])),
    ),
  }
}

export function markdown(name: string, rows: readonly Row[]): string {
  const cell = (row: Row, figure: 'cpu' | 'wall' | 'peak', digits: number) =>
    `${row.median[figure].toFixed(digits)} (${row.lowest[figure].toFixed(digits)}–${row.highest[figure].toFixed(digits)})`
  return [
    `**${name}**`,
    '',
    '| client | CPU s/GiB | ratio | wall s/GiB | ratio | peak MiB | ratio |',
    '|---|---|---|---|---|---|---|',
    ...rows.map((row) => {
      const { cpu, wall, peak } = row.ratio
      return `| ${row.client} | ${cell(row, 'cpu', 2)} | ${cpu.toFixed(2)} | ${cell(row, 'wall', 2)} | ${wall.toFixed(2)} | ${cell(row, 'peak', 0)} | ${peak.toFixed(2)} |`
    }),
  ].join('\n')
}
