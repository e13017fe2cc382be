import { describe, expect, it } from 'vitest'
import { allCells } from './cells'
import { expectedOf } from './expected'
import { boundOf, defaults } from './limits'
import { promises } from './promises'
import { fits } from './which'

describe('the promises of the fault table', () => {
  it('say something of every cell', () => {
    for (const cell of allCells()) expect(expectedOf(cell).outcome).toBeTruthy()
  })

  it('each decide at least one cell', () => {
    const cells = allCells()
    const deciding = new Set(cells.map((cell) => promises.find((promise) => fits(promise, cell))))
    expect(promises.filter((promise) => !deciding.has(promise))).toEqual([])
  })

  it('keep to 120 s with the default options', () => {
    expect(boundOf(defaults, false)).toBeLessThan(120_000)
    expect(boundOf(defaults, true)).toBeLessThan(120_000)
  })
})
