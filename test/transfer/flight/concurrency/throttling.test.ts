import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { TransferError } from '../../../../src/contract/errors'
import type { TransferEvent } from '../../../../src/contract/events'
import type { Body, Part } from '../../../../src/contract/sink'
import type { Context } from '../../../../src/contract/source'
import { PartSlots } from '../../../../src/transfer/flight/part-slots'
import { transfer } from '../../../../src/transfer/transfer'
import { backendNames, KiB, openBackend } from '../../backends'
import { borrowed, collect, fakeSink, fakeSource, pattern, sha256 } from '../../fakes'

const bytes = pattern(400_000)
const retry = { retries: 8, minDelay: 5, maxDelay: 20 }
const options = { partSize: 10_000, concurrency: 8, retry }

const slowDown = (context = {}) =>
  new TransferError('THROTTLED', 'slow down', { retry: 'temporary', context })
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** A sink whose calls are looked at before they write. */
function guardedSink(before: (part: Part, context: Context) => Promise<void> | void) {
  const parts = new Map<number, Buffer>()
  const sink = fakeSink({
    session: {
      async writePart(part: Part, body: Body, context: Context = {}) {
        await before(part, context)
        parts.set(part.index, await collect(await body.open()))
        return { index: part.index, size: part.size }
      },
      async commit(receipts) {
        sink.object = Buffer.concat(receipts.map(({ index }) => parts.get(index)!))
        return { size: sink.object.byteLength }
      },
    },
  })
  return sink
}

const changes = (events: readonly TransferEvent[]) =>
  events.flatMap((event) => (event.type === 'concurrency' ? [`${event.concurrency} ${event.reason}`] : []))

describe('a sink that asks for fewer requests', () => {
  it('gets them, and the transfer arrives', async () => {
    const bears = 3
    let inFlight = 0
    let peak = 0
    const events: TransferEvent[] = []
    const sink = guardedSink(async () => {
      if (inFlight === bears) throw slowDown()
      inFlight += 1
      peak = Math.max(peak, inFlight)
      await pause(5)
      inFlight -= 1
    })
    const onEvent = (event: TransferEvent) => events.push(event)
    await transfer(fakeSource(bytes), sink, { ...options, onEvent })
    expect(sha256(sink.object!)).toBe(sha256(bytes))
    expect(peak).toBe(bears)
    expect(changes(events)[0]).toBe('6 throttled')
    const settled = changes(events).map((change) => Number.parseInt(change, 10))
    expect(Math.max(...settled.slice(4))).toBeLessThanOrEqual(bears + 2)
  })

  it('refuses a burst, which is one decrease', async () => {
    let begun = 0
    const events: TransferEvent[] = []
    const sink = guardedSink(async () => {
      begun += 1
      if (begun > 8) return
      // All of them are under way before the first is refused.
      while (begun < 8) await pause(1)
      throw slowDown()
    })
    const onEvent = (event: TransferEvent) => events.push(event)
    await transfer(fakeSource(bytes), sink, { ...options, onEvent })
    expect(changes(events).filter((change) => change.endsWith('throttled'))).toEqual(['6 throttled'])
  })

  it('gets all the parallel requests again when the trouble is over', async () => {
    let refusals = 40
    let inFlight = 0
    let last = 0
    const events: TransferEvent[] = []
    const sink = guardedSink(async () => {
      if (refusals > 0) {
        refusals -= 1
        throw slowDown()
      }
      inFlight += 1
      last = Math.max(last, inFlight)
      await pause(2)
      inFlight -= 1
    })
    const onEvent = (event: TransferEvent) => events.push(event)
    const many = { ...options, partSize: 2000, retry: { ...retry, retries: 30 } }
    await transfer(fakeSource(bytes), sink, { ...many, onEvent })
    expect(changes(events)).toContain('1 throttled')
    expect(changes(events).at(-1)).toBe('8 success')
    expect(last).toBe(8)
  })

  it('gets no request at all for as long as it says', async () => {
    const asked = 300
    let refusedAt: number | undefined
    const early: number[] = []
    const sink = guardedSink(async ({ index }) => {
      if (index === 2 && refusedAt === undefined) {
        refusedAt = performance.now()
        throw slowDown({ retryAfter: asked })
      }
      // Those before it were under way when it was refused.
      const since = performance.now() - (refusedAt ?? Number.NaN)
      if (index > 2 && since < asked) early.push(index)
      await pause(1)
    })
    await transfer(fakeSource(bytes), sink, { ...options, concurrency: 3 })
    expect(refusedAt).toBeDefined()
    expect(early).toEqual([])
    expect(sha256(sink.object!)).toBe(sha256(bytes))
  })

  it('for ever ends the transfer with THROTTLED', async () => {
    const sink = guardedSink(() => {
      throw slowDown()
    })
    await expect(transfer(fakeSource(bytes), sink, options)).rejects.toMatchObject({
      code: 'THROTTLED',
      retry: 'exhausted',
    })
    expect(sink.aborted).toBe(1)
  })

  it('is not waited for longer than retries may last', async () => {
    const sink = guardedSink(() => {
      throw slowDown({ retryAfter: 3_600_000 })
    })
    await expect(transfer(fakeSource(bytes), sink, options)).rejects.toMatchObject({ code: 'THROTTLED' })
  })
})

describe('a source that asks for fewer requests', () => {
  it('gets them too', async () => {
    let refusals = 3
    const source = fakeSource(bytes, {
      async open(range) {
        if (range && refusals > 0) {
          refusals -= 1
          throw slowDown()
        }
        return borrowed(range ? bytes.subarray(range.start, range.end) : bytes)
      },
    })
    const events: TransferEvent[] = []
    const sink = guardedSink(() => {})
    await transfer(source, sink, { ...options, onEvent: (event) => events.push(event) })
    expect(changes(events)[0]).toBe('6 throttled')
    expect(sha256(sink.object!)).toBe(sha256(bytes))
  })
})

describe.each(backendNames)('%s answering 503 with Retry-After to a burst', (name) => {
  for (const side of ['source', 'sink'] as const) {
    it(`lowers the concurrency once and gets the whole object: as ${side}`, async () => {
      await using backend = await openBackend(name)
      const content = pattern(640 * KiB)
      await backend.server.put('from', content)
      const operation = side === 'source' ? 'GetObject' : 'UploadPart'
      const fault = { type: 'status', status: 503, headers: { 'retry-after': '1' } } as const
      const rule = backend.server.misbehave({ when: { operation }, times: 3, fault })
      const source = side === 'source' ? backend.store.source('from') : fakeSource(content)
      const sink = side === 'source' ? fakeSink() : backend.store.sink('to')
      const events: TransferEvent[] = []
      const onEvent = (event: TransferEvent) => events.push(event)
      await transfer(source, sink, { partSize: 16 * KiB, concurrency: 4, retry, onEvent })
      expect(rule.hits).toBe(3)
      expect(changes(events).filter((change) => change.endsWith('throttled'))).toEqual(['3 throttled'])
      const delays = events.flatMap((event) => (event.type === 'retry' ? [event.delayMs] : []))
      expect(delays).toEqual([1000, 1000, 1000])
      const object = 'object' in sink ? sink.object : await backend.server.object('to')!.bytes()
      expect(sha256(object as Buffer)).toBe(sha256(content))
    })
  }
})

describe('the places for parts in flight', () => {
  const never = new AbortController().signal
  const slots = (limit: number) => new PartSlots({ start: limit, limit }, () => {})

  it('are given though the pause ends between two looks at the clock', async () => {
    const clock = vi.spyOn(performance, 'now').mockReturnValue(1000)
    onTestFinished(() => clock.mockRestore())
    const places = slots(1)
    places.throttled(0, 20)
    clock.mockReturnValueOnce(1019.999).mockReturnValue(1020.001)
    await places.enter(never)
  })

  it('are given to others while a part waits for its retry, and it comes before those that have not begun', async () => {
    const places = slots(1)
    const order: string[] = []
    await places.enter(never)
    const first = places.enter(never).then(() => order.push('not begun'))
    const again = places.enterAgain(never).then(() => order.push('again'))
    places.leave()
    await again
    places.leave()
    await first
    expect(order).toEqual(['again', 'not begun'])
  })

  it('are not left to a duplicate while anybody waits for one', async () => {
    const places = slots(1)
    expect(places.tryEnter()).toBe(true)
    expect(places.tryEnter()).toBe(false)
    const waiting = places.enter(never)
    places.leave()
    await waiting
    expect(places.tryEnter()).toBe(false)
    places.leave()
    expect(places.tryEnter()).toBe(true)
  })

  it('are not waited for any more when the signal fires', async () => {
    const places = slots(1)
    await places.enter(never)
    const controller = new AbortController()
    const waiting = places.enter(controller.signal)
    controller.abort(new Error('stopped'))
    await expect(waiting).rejects.toThrow('stopped')
    places.leave()
    expect(places.tryEnter()).toBe(true)
  })

  it('are all free again after a pause that nobody waited for', async () => {
    const places = slots(2)
    places.throttled(performance.now(), 30)
    expect(places.tryEnter()).toBe(false)
    await pause(35)
    expect(places.tryEnter()).toBe(true)
  })
})
