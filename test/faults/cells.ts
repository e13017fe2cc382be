import { type FaultRow, faults, type Mode, type Peer } from './faults'
import { type OtherEnd, type Section, type SectionName, sectionNames, sectionOf } from './sections'

/** One fault at one place of one route. */
export interface Cell {
  readonly section: SectionName
  readonly row: FaultRow
  readonly peer: Peer
  readonly other: OtherEnd
  readonly mode: Mode
}

export const modes: readonly Mode[] = ['once', 'for ever']

export function cellsOf(section: SectionName): Cell[] {
  const { others }: Section = sectionOf(section)
  return faults[section].flatMap((row) =>
    row.peers.flatMap((peer) =>
      others.flatMap((other) => (row.modes ?? modes).map((mode) => ({ section, row, peer, other, mode }))),
    ),
  )
}

export const allCells = (): Cell[] => sectionNames.flatMap(cellsOf)

export const nameOf = ({ section, row, peer, other, mode }: Cell): string => {
  const { side } = sectionOf(section)
  const [from, to] = side === 'source' ? [peer, other] : [other, peer]
  return `${section} / ${row.name} / ${from} to ${to} / ${mode}`
}
