import { nameOf } from './cells'
import { expectedOf } from './expected'
import type { TableRun } from './run-table'

/** Every way in which a run is not what it must be, one line each; empty when all is well. */
export function complaintsOf({ results, unhandled }: TableRun): string[] {
  const wrong = results.flatMap(({ cell, outcome, problems }) => {
    const expected = expectedOf(cell).outcome
    const differs = outcome === expected ? [] : [`ended with ${outcome} instead of ${expected}`]
    return [...differs, ...problems].map((problem) => `${nameOf(cell)}: ${problem}`)
  })
  return [...wrong, ...unhandled.map((rejection) => `unhandled: ${rejection}`)]
}
