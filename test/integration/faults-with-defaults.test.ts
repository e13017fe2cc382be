import { describe, expect, it } from 'vitest'
import { allCells, nameOf } from '../faults/cells'
import { ClientSockets } from '../faults/client-sockets'
import { expectedOf } from '../faults/expected'
import { partSize } from '../faults/limits'
import { runCell } from '../faults/run-cell'

/** What users are told, in milliseconds. */
const bound = 120_000

const names = [
  'stat / stall before the answer / cos to disk / for ever',
  'read / stall after the headers / ceph to cos / for ever',
  'part / stall before the answer / ceph to cos / for ever',
  'complete / stall before the answer / stream to ceph / for ever',
  'put / stall before the answer / memory to cos / for ever',
]

describe('a peer that stays silent for ever', () => {
  it('ends a transfer with the default options within 120 s, wherever it falls silent', async () => {
    const sockets = new ClientSockets()
    sockets.start()
    const cells = allCells().filter((cell) => names.includes(nameOf(cell)))
    expect(cells).toHaveLength(names.length)
    const manner = { options: { partSize }, bound }
    const results = await Promise.all(cells.map((cell) => runCell(cell, sockets, manner)))
    sockets.stop()
    for (const { cell, outcome, problems } of results) {
      expect([nameOf(cell), outcome, problems]).toEqual([nameOf(cell), expectedOf(cell).outcome, []])
    }
  }, 200_000)
})
