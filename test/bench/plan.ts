import type { Case } from './cases/case'
import { circumstances } from './cases/circumstances'
import { objectCases } from './cases/objects'
import { smallCases } from './cases/small'

const MiB = 1024 * 1024

export const cases: readonly Case[] = [...objectCases, ...smallCases, ...circumstances]

export interface Turn {
  readonly case: Case
  readonly size: number
  readonly tls: boolean
  readonly rounds: number
}

export interface Flags {
  readonly case?: readonly string[]
  readonly size?: string
  readonly rounds?: string
  readonly tls?: boolean
}

/** What to run: the cases that were named, or all. */
export function plan({ case: names, size, rounds, tls = false }: Flags): Turn[] {
  const chosen = names ? cases.filter(({ name }) => names.includes(name)) : cases
  return chosen.map((one) => ({
    case: one,
    size: size && !one.per ? Number(size) * MiB : (one.size ?? 2048 * MiB),
    tls,
    rounds: Number(rounds ?? 3),
  }))
}
