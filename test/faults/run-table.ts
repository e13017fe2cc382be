import { type Cell, nameOf } from './cells'
import { ClientSockets } from './client-sockets'
import { type CellResult, runCell } from './run-cell'

export interface TableRun {
  readonly results: readonly CellResult[]
  /** Rejections nobody handled, with the cells that were running. */
  readonly unhandled: readonly string[]
}

/** Runs all cells, several at a time: they mostly wait. */
export async function runCells(cells: readonly Cell[], atOnce = 8): Promise<TableRun> {
  const results: CellResult[] = []
  const unhandled: string[] = []
  const running = new Set<Cell>()
  const complain = (reason: unknown) => {
    unhandled.push(`${reason} while these ran: ${[...running].map(nameOf).join('; ')}`)
  }
  const sockets = new ClientSockets()
  sockets.start()
  process.on('unhandledRejection', complain)
  let next = 0
  const work = async () => {
    while (next < cells.length) {
      const index = next++
      const cell = cells[index]!
      running.add(cell)
      results[index] = await runCell(cell, sockets)
      running.delete(cell)
    }
  }
  try {
    await Promise.all(Array.from({ length: atOnce }, work))
    // A rejection is reported after the turn in which it was made.
    await new Promise((resolve) => setTimeout(resolve, 50))
  } finally {
    sockets.stop()
    process.off('unhandledRejection', complain)
  }
  return { results, unhandled }
}
