import { describe, expect, it } from 'vitest'
import { transfer } from '../../../src/transfer/transfer'
import { collect, fakeSink, fakeSource, quickRetry, silence } from '../fakes'
import { type Break, breaking, bytes, cut, move, starts } from './breaking'

describe('a source that breaks off for ever', () => {
  const always = (how: Break['how'], after: number) =>
    breaking(Array.from({ length: 5000 }, () => ({ after, how }))).source

  it.each([
    ['is cut', 'cut', 'CONNECTION', 4],
    ['ends', 'end', 'TRUNCATED', 4],
    ['is silent', 'silence', 'TIMEOUT', 4],
  ] as const)(
    '%s ends the transfer after the retries of one read, not of one within another',
    async (_, how, code, opens) => {
      const source = always(how, 0)
      const { writes, result, sink } = await move(source, { timeouts: { idle: 30 } })
      expect(result).toMatchObject({ code, retry: 'exhausted', context: { part: 0 } })
      expect(source.opened).toHaveLength(opens)
      expect(writes).toEqual([0])
      expect(sink.aborted).toBe(1)
      expect(sink.object).toBeUndefined()
    },
  )

  it('is believed after a few times to be shorter than it says, whatever the retries', async () => {
    const source = fakeSource(bytes.subarray(0, 99_999), {
      stat: async () => ({ key: 'k', size: 100_000, version: '1' }),
    })
    const { writes, result } = await move(source, { retry: { ...quickRetry, retries: 50 } })
    expect(result).toMatchObject({ code: 'TRUNCATED', retry: 'exhausted' })
    expect(starts(source)).toEqual([undefined, 99_999, 99_999, 99_999])
    expect(writes).toEqual([0])
  })

  it('is not asked for a few bytes each time', async () => {
    const source = always('cut', 10)
    expect((await move(source)).result).toMatchObject({ code: 'CONNECTION', retry: 'exhausted' })
    expect(source.opened).toHaveLength(4)
  })

  it('has one try where there are no retries', async () => {
    const source = always('cut', 50_000)
    const { writes, result } = await move(source, { retry: { ...quickRetry, retries: 0 } })
    expect(result).toMatchObject({ code: 'CONNECTION', retry: 'exhausted' })
    expect(source.opened).toHaveLength(1)
    expect(writes).toEqual([0])
  })

  it('gets no more time because the request of the sink dies from waiting', async () => {
    const source = fakeSource(bytes)
    let die = () => {}
    source.open = (range, context) => {
      source.opened.push(range)
      if (source.opened.length === 3) die()
      return silence(context)
    }
    let writes = 0
    const sink = fakeSink({
      session: {
        writePart: async (_, body) => {
          writes += 1
          const reading = collect(await body.open())
          const death = new Promise<never>((_, reject) => {
            die = () => reject(cut())
          })
          await Promise.race([reading, death])
          throw new Error('not reached')
        },
      },
    })
    const result = transfer(source, sink, { retry: quickRetry, timeouts: { idle: 50 } })
    await expect(result).rejects.toMatchObject({ code: 'TIMEOUT', retry: 'exhausted' })
    expect(writes).toBe(2)
    // Four that failed, and the one that the sink cut short.
    expect(source.opened).toHaveLength(5)
  })
})
