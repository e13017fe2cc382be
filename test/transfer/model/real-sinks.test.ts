import { describe, it, vi } from 'vitest'
import { check } from './check'
import { DiskDestination } from './disk-destination'
import { MemoryDestination } from './memory-destination'

// The pause in which a disk session changes hands is one of virtual time, too.
vi.mock('node:timers/promises', async (original) => ({
  ...(await original<typeof import('node:timers/promises')>()),
  setTimeout: (milliseconds: number, value: unknown) =>
    new Promise((resolve) => setTimeout(resolve, milliseconds, value)),
}))

describe('a transfer to a real sink in a hostile world', () => {
  it('keeps its word with the memory store', async () => {
    const create = ({ maxPutSize }: { maxPutSize: number }) => new MemoryDestination(maxPutSize)
    await check({ runs: 200, points: 70, trusted: false, create, carriesAttributes: true })
  }, 300_000)

  it('keeps its word with the disk store, killed at any call of the file system', async () => {
    await check({
      runs: 200,
      points: 300,
      trusted: true,
      create: () => new DiskDestination(),
      carriesAttributes: false,
    })
  }, 300_000)
})
