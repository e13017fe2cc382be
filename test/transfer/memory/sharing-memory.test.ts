import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TransferError } from '../../../src/contract/errors'
import type { NewObject } from '../../../src/contract/sink'
import { budgetShare, configure, processBudget } from '../../../src/transfer/configure'
import { Blocks, blockSize, trimSpareBlocks } from '../../../src/transfer/parts/hold/block-pool'
import { memoryHolder } from '../../../src/transfer/parts/hold/memory-holder'
import { transfer } from '../../../src/transfer/transfer'
import { borrowed, collect, fakeSink, fakeSource, pattern, quickRetry, sha256 } from '../fakes'

const bytes = pattern(60_000)
const never = new AbortController().signal

/** A sink that puts small objects, and fails some parts once. */
function moody(maxPutSize: number, broken: boolean) {
  let calls = 0
  const failed = new Set<number>()
  const sink = fakeSink()
  const { begin } = sink
  sink.put = async (_: NewObject, whole: Uint8Array) => {
    sink.object = Buffer.from(whole)
    return { size: whole.byteLength }
  }
  Object.assign(sink, { capabilities: { minPartSize: 1, maxPutSize } })
  sink.begin = async (object) => {
    const session = await begin(object)
    const { writePart } = session
    return Object.assign(session, {
      writePart: async (...args: Parameters<typeof writePart>) => {
        calls += 1
        if (broken && calls === 2) throw new TransferError('ACCESS_DENIED', 'no')
        const { index } = args[0]
        if (index % 3 === 1 && !failed.has(index)) {
          failed.add(index)
          throw new TransferError('CONNECTION', 'cut', { retry: 'temporary' })
        }
        return writePart(...args)
      },
    })
  }
  return sink
}

describe('transfers that share a tiny budget', () => {
  it('all end, hold no more than it, and give all of it back', async () => {
    const one = fc.record({
      kind: fc.constantFrom('ranged', 'sequential', 'unsized'),
      size: fc.integer({ min: 0, max: 60_000 }),
      partSize: fc.integer({ min: 500, max: 4000 }),
      concurrency: fc.integer({ min: 1, max: 5 }),
      maxPutSize: fc.integer({ min: 0, max: 9000 }),
      memoryBudget: fc.option(fc.integer({ min: 8000, max: 20_000 }), { nil: undefined }),
      broken: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 8 }), async (all) => {
        const budget = processBudget()
        const before = budget.total
        budget.total = 10_000
        try {
          const moved = all.map(async ({ kind, size, maxPutSize, broken, ...options }) => {
            const content = bytes.subarray(0, size)
            const sink = moody(maxPutSize, broken)
            const source = fakeSource(content, {
              ...(kind === 'sequential' && { sequential: true }),
              ...(kind === 'unsized' && { stat: async () => ({ key: 'k', version: '1' }) }),
              open: async (range) => {
                expect(budget.held).toBeLessThanOrEqual(10_000)
                return borrowed(range ? content.subarray(range.start, range.end) : content, 700)
              },
            })
            const result = transfer(source, sink, { ...options, retry: quickRetry })
            const failed = await result.then(
              () => false,
              (error) => error.code === 'ACCESS_DENIED',
            )
            if (!failed) expect(sha256(sink.object!)).toBe(sha256(content))
          })
          for (const outcome of await Promise.allSettled(moved))
            expect(outcome).toMatchObject({ status: 'fulfilled' })
          expect(budget.held).toBe(0)
        } finally {
          budget.total = before
        }
      }),
      { numRuns: 60, endOnFailure: true },
    )
  })

  it('do not put in one piece what the budget cannot hold', async () => {
    let put = 0
    const sink = moody(1_000_000, false)
    const { put: whole } = sink
    sink.put = (...args) => {
      put += 1
      return whole!(...args)
    }
    await transfer(fakeSource(bytes), sink, { memoryBudget: 50_000, retry: quickRetry })
    await transfer({ ...fakeSource(bytes), sequential: true }, sink, {
      memoryBudget: 100_000,
      partSize: 60_000,
      retry: quickRetry,
    })
    expect(put).toBe(0)
    await transfer(fakeSource(bytes), sink, { memoryBudget: 60_000, retry: quickRetry })
    expect(put).toBe(1)
  })

  it('count no more than the process has, whatever one of them may hold', () => {
    expect(budgetShare(Number.MAX_SAFE_INTEGER).total).toBe(processBudget().total)
  })
})

describe('the budget of the process', () => {
  it.each([null, 5, { memoryBudgets: 1 }, { memoryBudget: 1 }, { digestThreads: -1 }])(
    'is not set by %o',
    (wrong) => {
      expect(() => configure(wrong as never)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
    },
  )
})

describe('a part held in memory', () => {
  it('takes no larger blocks than it may hold', () => {
    const blocks = new Blocks(blockSize + 1000)
    expect([blocks.add().byteLength, blocks.add().byteLength]).toEqual([blockSize, 1000])
    blocks.release()
  })

  it('gives nothing and takes nothing once it is released', async () => {
    const holder = memoryHolder(1000)
    await holder.append(bytes.subarray(0, 500))
    holder.release()
    await expect(holder.append(bytes.subarray(0, 500))).rejects.toThrow('released')
    await expect(collect(holder.read())).rejects.toThrow('released')
  })

  it('is read again from its start, in pieces as they were filled', async () => {
    const long = pattern(2 * blockSize + 77)
    const holder = memoryHolder(long.byteLength)
    for await (const chunk of borrowed(long, 100_003)) await holder.append(chunk)
    expect(sha256(await collect(holder.read()))).toBe(sha256(long))
    expect(sha256(await collect(holder.read()))).toBe(sha256(long))
    holder.release()
  })

  it('leaves no blocks behind that would exceed the budget', async () => {
    trimSpareBlocks()
    const budget = processBudget()
    const first = new Blocks(blockSize)
    const block = first.add()
    const releaseAll = await budget.acquire(budget.total, never)
    first.release()
    trimSpareBlocks()
    const second = new Blocks(blockSize)
    expect(second.add()).not.toBe(block)
    second.release()
    releaseAll()
    trimSpareBlocks()
  })
})
