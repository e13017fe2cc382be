import { concurrencyRange } from '../../../src/transfer/flight/concurrency-range'
import { limitsOf } from '../../../src/transfer/options'
import { planParts } from '../../../src/transfer/plan'
import { seeded } from '../../support/seeded'
import { type Network, network, requestCost, roundTrips } from './network'
import { type Outcome, simulate } from './simulate'

export const MiB = 1024 ** 2
export const GiB = 1024 * MiB
export const TiB = 1024 * GiB

/** The limits of Ceph; those of COS differ where no default reaches. */
export const limits = limitsOf({ minPartSize: 5 * MiB, maxPartSize: 5 * GiB, maxParts: 10_000 })
/** As without a container's limit. */
const budget = 256 * MiB

/** What a user may set. */
export interface Setting {
  readonly concurrency?: number
  readonly partSize?: number
}

/** Moves an object with the real plan and the real controller, by what is set or, without it, by the defaults. */
export function move(size: number, settings: Network, { concurrency, partSize }: Setting = {}): Outcome {
  // The same luck for all settings, as far as it goes.
  const random = seeded(7)
  const plan = planParts(size, limits, partSize)
  const range = concurrencyRange(concurrency, { held: false, most: limits.maxParts, budget })
  return simulate({ backend: network(settings, random), range, size, partSize: plan.partSize, random })
}

/** The fastest of fixed settings, in milliseconds, and what it was. */
export function best(size: number, settings: Network, concurrencies: readonly number[], partSize?: number) {
  const outcomes = concurrencies.map((concurrency) => ({
    concurrency,
    milliseconds: move(size, settings, { concurrency, ...(partSize && { partSize }) }).milliseconds,
  }))
  return outcomes.reduce((one, other) => (other.milliseconds < one.milliseconds ? other : one))
}

/** Milliseconds that a part takes on a connection which has the line to itself. */
export function timeOfPart(partSize: number, { latency, perStream, total }: Network): number {
  return requestCost + roundTrips * latency + (1000 * partSize) / Math.min(perStream, total)
}

/** Every combination, latencies in milliseconds and bandwidths in MiB/s. */
export function combinations(
  latencies: readonly number[],
  bandwidths: readonly (readonly [perStream: number, total: number])[],
  errorRates: readonly number[],
): Network[] {
  return latencies.flatMap((latency) =>
    bandwidths.flatMap(([perStream, total]) =>
      errorRates.map((errors) => ({ latency, perStream: perStream * MiB, total: total * MiB, errors })),
    ),
  )
}

export const describeNetwork = ({ latency, perStream, total, errors }: Network): string =>
  `${latency} ms, ${perStream / MiB} of ${total / MiB} MiB/s, errors ${errors}`
