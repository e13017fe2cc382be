import { describe, it } from 'vitest'
import { check } from './check'
import { ModelDestination } from './model-sink'

describe('a transfer in a hostile world', () => {
  it('leaves the destination exact or untouched, says which, and loses no work', async () => {
    await check({
      runs: 1000,
      points: 70,
      trusted: false,
      create: (setup) => new ModelDestination(setup),
      carriesAttributes: true,
    })
  }, 300_000)
})
