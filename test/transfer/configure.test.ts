import { expect, it } from 'vitest'
import { directReads } from '../../src/lifecycle/direct-reads'
import { configure } from '../../src/transfer/configure'
import { setDirectReads } from '../support/direct-reads'

it('configure switches direct reads, and leaves them as they are where nothing is said', () => {
  setDirectReads(true)
  configure({ directReads: false })
  expect(directReads().allowed).toBe(false)
  configure({})
  expect(directReads().allowed).toBe(false)
  configure({ directReads: true })
  expect(directReads().allowed).toBe(true)
})

it.each([0, 'off', null])('configure refuses other values: %s', (directReads) => {
  const error = expect.objectContaining({ code: 'INVALID_OPTION', context: { option: 'directReads' } })
  expect(() => configure({ directReads } as never)).toThrow(error)
})
