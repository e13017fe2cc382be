import type { Sample } from './client'

/** The samples of each client, in the order of the rounds: those of one round were taken one after the other. */
export interface Table {
  readonly heading: string
  readonly about?: string
  readonly baseline: string
  /** What seconds are divided by: GiB moved, or 1 for the seconds of the whole run. */
  readonly per: { readonly count: number; readonly unit: string }
  readonly samples: Readonly<Record<string, readonly Sample[]>>
}

export type Figure = 'cpu' | 'wall' | 'peak'

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Median of the ratios, round by round: what slows a whole round down does not show in it. */
export function ratio(figure: Figure, of: readonly Sample[], to: readonly Sample[]): number {
  return median(of.map((sample, round) => sample[figure] / to[round]![figure]))
}

export function markdown({ heading, about, baseline, per, samples }: Table): string {
  const seconds = per.unit === '' ? 's' : `s/${per.unit}`
  const watched = Object.values(samples).some((list) => list[0]?.late)
  const lines = Object.entries(samples).map(([client, list]) => {
    const cell = (figure: Figure, digits: number, divisor = 1) => {
      const values = list.map((sample) => sample[figure] / divisor)
      const show = (value: number) => value.toFixed(digits)
      if (values.length === 1) return show(values[0]!)
      return `${show(median(values))} (${show(Math.min(...values))}–${show(Math.max(...values))})`
    }
    const compared = (figure: Figure) => ratio(figure, list, samples[baseline]!).toFixed(2)
    const cells = [
      client,
      cell('cpu', 2, per.count),
      compared('cpu'),
      cell('wall', 2, per.count),
      compared('wall'),
      cell('peak', 0),
      ...(watched ? late(list) : []),
    ]
    return `| ${cells.join(' | ')} |`
  })
  return [
    `**${heading}**`,
    '',
    ...(about ? [about, ''] : []),
    `| client | CPU ${seconds} | ratio | wall ${seconds} | ratio | peak MiB |${watched ? ' late ms, p99 | worst | own CPU ms, p99 | worst |' : ''}`,
    `|---|---|---|---|---|---|${watched ? '---|---|---|---|' : ''}`,
    ...lines,
  ].join('\n')
}

const late = (samples: readonly Sample[]) =>
  (['late', 'busy'] as const).flatMap((figure) =>
    (['p99', 'max'] as const).map((name) =>
      median(samples.map((sample) => sample[figure]![name])).toFixed(1),
    ),
  )
