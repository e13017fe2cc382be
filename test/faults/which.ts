import type { Cell } from './cells'

/** Which cells something is said of: all that is given must hold. */
export interface Which {
  readonly section?: string | readonly string[]
  readonly row?: string | readonly string[]
  readonly peer?: string
  readonly other?: readonly string[]
  readonly mode?: string
}

export function fits({ section, row, peer, other, mode }: Which, cell: Cell): boolean {
  return (
    has(section, cell.section) &&
    has(row, cell.row.name) &&
    has(peer, cell.peer) &&
    has(other, cell.other) &&
    has(mode, cell.mode)
  )
}

const has = (wanted: string | readonly string[] | undefined, value: string): boolean =>
  wanted === undefined || [wanted].flat().includes(value)
