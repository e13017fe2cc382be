import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TransferError } from '../../../src/contract/errors'
import type { Body, Part } from '../../../src/contract/sink'
import { crc64 } from '../../../src/integrity/crc64'
import { transfer } from '../../../src/transfer/transfer'
import { borrowed, fakeSink, fakeSource, pattern } from '../fakes'

const cut = () => new TransferError('CONNECTION', 'cut', { retry: 'temporary' })

/** How an opening goes wrong: it cannot be opened, or it gives this share of its range and then fails or ends. */
const faults = fc.oneof(
  { weight: 1, arbitrary: fc.constant({ share: 0, how: 'refused' as const }) },
  {
    weight: 4,
    arbitrary: fc.record({
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      how: fc.constantFrom('cut' as const, 'ends' as const),
    }),
  },
)

describe('a source that breaks off at any places', () => {
  it('is moved exactly, each part in one request of the sink, and no byte of it is asked for twice', async () => {
    const cases = fc.record({
      size: fc.integer({ min: 1, max: 20_000 }),
      partSize: fc.integer({ min: 500, max: 20_000 }),
      chunkSize: fc.integer({ min: 1, max: 3000 }),
      concurrency: fc.integer({ min: 1, max: 4 }),
      breaks: fc.array(faults, { maxLength: 30 }),
    })
    const property = fc.asyncProperty(cases, async ({ size, partSize, chunkSize, concurrency, breaks }) => {
      const bytes = pattern(size)
      let ends = 0
      // Three early ends at one byte are borne; a fourth would be taken for the truth.
      const left = breaks.map((one) =>
        one.how === 'ends' && ++ends > 3 ? { ...one, how: 'cut' as const } : one,
      )
      let broken = 0
      /** Bytes given, by where they lie in the object. */
      const given = new Uint8Array(size)
      const source = fakeSource(bytes, {
        open: async (range = { start: 0, end: size }) => {
          const fault = left.shift()
          if (fault) broken += 1
          if (fault?.how === 'refused') throw cut()
          return give(range.start, range.end, fault)
        },
      })
      async function* give(start: number, end: number, fault?: { share: number; how: string }) {
        const last = fault ? start + Math.floor((end - start) * fault.share) : end
        for await (const chunk of borrowed(bytes.subarray(start, last), chunkSize)) {
          for (let at = start; at < start + chunk.byteLength; at += 1) given[at]! += 1
          start += chunk.byteLength
          yield chunk
        }
        if (fault?.how === 'cut') throw cut()
        // One that ends where it should has not gone wrong.
        if (fault && last === end) broken -= 1
      }
      const sink = fakeSink()
      const { begin } = sink
      let writes = 0
      sink.begin = async (object) => {
        const session = await begin(object)
        const { writePart } = session
        const counting = (part: Part, body: Body) => {
          writes += 1
          return writePart(part, body)
        }
        return Object.assign(session, { writePart: counting })
      }
      const retry = { retries: 100, minDelay: 0, maxDelay: 0 }
      const result = await transfer(source, sink, { partSize, concurrency, retry })
      expect(sink.object?.equals(bytes)).toBe(true)
      expect(result.digests.crc64).toBe(crc64(bytes))
      expect(writes).toBe(Math.ceil(size / partSize))
      expect(result.retries).toBe(broken)
      expect(given.every((count) => count === 1)).toBe(true)
    })
    await fc.assert(property, { numRuns: 300 })
  }, 60_000)
})
