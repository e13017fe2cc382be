import { hasSubscribers } from 'node:diagnostics_channel'
import { describe, expect, it } from 'vitest'
import { TransferError } from '../../src/contract/errors'
import type { TransferEvent } from '../../src/contract/events'
import { Trace } from '../../src/transfer/trace'
import { transfer } from '../../src/transfer/transfer'
import { messagesOf } from '../support/messages'
import { fakeSink, fakeSource, pattern, quickRetry } from './fakes'

const bytes = pattern(25_000)
const broken = () => new TransferError('CONNECTION', 'cut', { retry: 'temporary' })

describe('the channel of transfers', () => {
  it('tells of a transfer, its events and its parts, in the order in which they happen', async () => {
    const messages = messagesOf('sluiceway:transfer')
    const events: TransferEvent[] = []
    const onEvent = (event: TransferEvent) => void events.push(event)
    await transfer(fakeSource(bytes), fakeSink(), { partSize: 10_000, concurrency: 1, onEvent })

    expect(messages.map(({ type }) => type)).toEqual([
      'start',
      'event',
      ...['part-start', 'part-end', 'event'],
      ...['part-start', 'part-end', 'event'],
      ...['part-start', 'part-end', 'event'],
      'event',
      'end',
    ])
    const told = messages.flatMap((message) => (message.type === 'event' ? [message.event] : []))
    expect(told).toEqual(events)
    const parts = messages.flatMap((message) => (message.type === 'part-start' ? [message.part] : []))
    expect(parts).toEqual([
      { index: 0, start: 0, size: 10_000 },
      { index: 1, start: 10_000, size: 10_000 },
      { index: 2, start: 20_000, size: 5_000 },
    ])
    const [{ transfer: observed }] = messages as [(typeof messages)[0]]
    expect(observed).toMatchObject({ source: 'fake:source', sink: 'fake:sink', bytes: 25_000 })
    expect(messages.every((message) => message.transfer === observed)).toBe(true)
    expect(messages.at(-1)).toMatchObject({ outcome: 'stored', elapsedMs: expect.any(Number) })
  })

  it('begins in the call itself, so that a listener finds the context of the caller', async () => {
    const messages = messagesOf('sluiceway:transfer')
    const moving = transfer(fakeSource(bytes), fakeSink())
    expect(messages).toHaveLength(1)
    await moving
  })

  it('tells of failures, of a part and of the whole', async () => {
    const messages = messagesOf('sluiceway:transfer')
    const fail = () => Promise.reject(broken())
    const sink = fakeSink({ session: { writePart: fail } })
    const failure = await transfer(fakeSource(bytes), sink, { retry: { ...quickRetry, retries: 1 } }).catch(
      (error) => error,
    )
    const ends = messages.filter(({ type }) => type === 'part-end' || type === 'end')
    expect(ends).toMatchObject([
      { type: 'part-end', error: { code: 'CONNECTION' } },
      { type: 'end', outcome: 'CONNECTION', error: failure },
    ])
  })

  it('tells of a transfer that was skipped', async () => {
    const messages = messagesOf('sluiceway:transfer')
    const sink = fakeSink()
    await transfer(fakeSource(bytes), sink)
    await transfer(fakeSource(bytes), sink, { ifExists: 'skip' })
    expect(messages.at(-1)).toMatchObject({ type: 'end', outcome: 'skipped' })
  })

  it('never takes back bytes, though a part is sent again', async () => {
    const messages = messagesOf('sluiceway:transfer')
    const seen: number[] = []
    let failures = 2
    const sink = fakeSink()
    const { begin } = sink
    const source = fakeSource(bytes)
    const { open } = source
    source.open = (...args) => {
      seen.push(messages[0]!.transfer.bytes)
      return open(...args)
    }
    sink.begin = async (...args) => {
      const session = await begin(...args)
      const { writePart } = session
      session.writePart = async (...part) => {
        const receipt = await writePart(...part)
        seen.push(messages[0]!.transfer.bytes)
        if (failures-- > 0) throw broken()
        return receipt
      }
      return session
    }
    await transfer(source, sink, { retry: quickRetry, concurrency: 1 })
    expect(seen).toEqual([0, 25_000, 25_000, 25_000, 25_000, 25_000])
  })

  it('costs no more than a look where nobody listens', async () => {
    expect(hasSubscribers('sluiceway:transfer')).toBe(false)
    const { prototype } = Trace as unknown as { prototype: { event: unknown } }
    const { event } = prototype
    prototype.event = () => {
      throw new Error('a trace was made')
    }
    try {
      await transfer(fakeSource(bytes), fakeSink())
    } finally {
      prototype.event = event
    }
  })
})
