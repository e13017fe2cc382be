import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { openHandles, settled } from '../support/handles'
import { cellsOf, nameOf } from './cells'
import { complaintsOf } from './check'
import { faults } from './faults'
import { runCells, type TableRun } from './run-table'
import { type SectionName, sectionOf } from './sections'
import { renderSection } from './table'

/** Milliseconds for all cells of a file, on a machine that has other work as well. */
const patience = 480_000

/** Registers a test for each fault of the sections. Their cells run beforehand, all together: they mostly wait. */
export function defineFaults(sections: readonly SectionName[]): void {
  let run: TableRun
  let before: number
  beforeAll(async () => {
    before = openHandles().sockets
    run = await runCells(sections.flatMap(cellsOf))
  }, patience)

  for (const section of sections) {
    describe(sectionOf(section).title, () => {
      it.each(faults[section])('ends as promised: $name', ({ name }) => {
        const results = run.results.filter(({ cell }) => cell.section === section && cell.row.name === name)
        expect(results.length).toBeGreaterThan(0)
        expect(complaintsOf({ results, unhandled: [] })).toEqual([])
      })

      it('is what docs/faults.md says', () => {
        const seen = new Map(run.results.map(({ cell, outcome }) => [nameOf(cell), outcome]))
        const document = readFileSync(new URL('../../docs/faults.md', import.meta.url), 'utf8')
        expect(document).toContain(renderSection(section, (cell) => seen.get(nameOf(cell))!))
      })
    })
  }

  it('leaves no rejection unhandled', () => {
    expect(run.unhandled).toEqual([])
  })

  it('leaves no socket open', async () => {
    await settled(() => openHandles().sockets <= before)
  })
}
