import { writeFileSync } from 'node:fs'
import { allCells, nameOf } from './cells'
import { complaintsOf } from './check'
import { runCells } from './run-table'
import { renderTable } from './table'

/**
 * `npm run faults` runs every cell and prints what is wrong; `-- --write` writes docs/faults.md too. A pattern narrows
 * it to the cells whose names match, which are then printed: `npm run faults -- 'read / stall'`.
 */
const args = process.argv.slice(2)
const write = args.includes('--write')
const pattern = args.find((arg) => !arg.startsWith('--'))
const cells = allCells().filter((cell) => pattern === undefined || new RegExp(pattern).test(nameOf(cell)))
if (write && pattern !== undefined)
  throw new Error('the file is written from all cells: leave the pattern out')

const run = await runCells(cells)
if (pattern !== undefined) {
  for (const { cell, outcome, ms } of run.results) {
    console.log(`${nameOf(cell)}: ${outcome} (${Math.round(ms)} ms)`)
  }
}
const complaints = complaintsOf(run)
for (const complaint of complaints) console.error(complaint)
console.log(`${cells.length} cells, ${complaints.length} complaints`)
if (write) writeFileSync(new URL('../../docs/faults.md', import.meta.url), renderTable(run.results))
process.exitCode = complaints.length > 0 ? 1 : 0
