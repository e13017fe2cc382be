import type { Case } from './cases/case'
import { circumstances } from './cases/circumstances'
import { objectCases } from './cases/objects'
import { smallCases } from './cases/small'

const MiB = 1024 * 1024

export const cases: readonly Case[] = [...objectCases, ...smallCases, ...circumstances]

/** A case as it is run: the same one may be, with objects of several sizes. */
export interface Turn {
  readonly case: Case
  readonly size: number
  readonly tls: boolean
  /** Beside a first one, which is not counted; 1 is that one round alone. */
  readonly rounds: number
}

export interface Flags {
  readonly case?: readonly string[]
  /** MiB */
  readonly size?: string
  readonly rounds?: string
  readonly tls?: boolean
}

const usual = { size: 2048 * MiB, rounds: 3 }

/** The cases that were named, as the flags say; without a name what docs/performance.md shows. */
export function plan(flags: Flags): Turn[] {
  const rounds = Number(flags.rounds ?? usual.rounds)
  const turn = (one: Case, size?: number, tls = false): Turn => ({
    case: one,
    size: one.per ? one.size! : (size ?? one.size ?? usual.size),
    tls,
    rounds,
  })
  if (flags.case || flags.size || flags.tls) {
    const chosen = flags.case ? cases.filter(({ name }) => flags.case!.includes(name)) : objectCases
    return chosen.map((one) => turn(one, flags.size ? Number(flags.size) * MiB : undefined, flags.tls))
  }
  const named = (name: string) => cases.find((one) => one.name === name)!
  return [
    ...objectCases.map((one) => turn(one)),
    ...objectCases.map((one) => turn(one, 64 * MiB)),
    turn(named('s3-to-cos'), usual.size, true),
    turn(named('s3-to-disk'), usual.size, true),
    { ...turn(named('large')), rounds: 1 },
    ...smallCases.map((one) => turn(one)),
    { ...turn(named('slow-line')), rounds: Math.min(rounds, 2) },
    turn(named('container')),
    turn(named('event-loop')),
  ]
}

/** Such as `s3-to-cos-2048` and `s3-to-cos-2048-tls`: the place of its table in docs/performance.md. */
export const nameOf = ({ case: { name, per }, size, tls }: Turn): string =>
  `${name}${per ? '' : `-${size / MiB}`}${tls ? '-tls' : ''}`
