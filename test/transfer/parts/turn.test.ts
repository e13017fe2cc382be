import { transfer } from 'sluiceway'
import { expect, it } from 'vitest'
import { fakeSink, fakeSource } from '../fakes'

it('lets the event loop of the host go on, though every chunk is at hand', async () => {
  const bytes = Buffer.alloc(200_000)
  const lock = new Int32Array(new SharedArrayBuffer(4))
  const source = fakeSource(bytes, {
    open: async ({ start, end } = { start: 0, end: bytes.length }) =>
      (async function* () {
        for (let at = start; at < end; at += 1000) {
          // A millisecond at least, in which nothing else can run.
          Atomics.wait(lock, 0, 0, 1)
          yield bytes.subarray(at, at + 1000)
        }
      })(),
  })
  let turns = 0
  let moving = true
  const turn = () => {
    turns += 1
    if (moving) setImmediate(turn)
  }
  setImmediate(turn)
  await transfer(source, fakeSink(), { partSize: 100_000 }).finally(() => {
    moving = false
  })
  // 200 chunks: five fit into one turn, and each of the parts may have had its next one at hand.
  expect(turns).toBeGreaterThan(15)
})
