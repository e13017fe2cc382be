import { describe, expect, it } from 'vitest'
import type { TransferEvent } from '../../../../src/contract/events'
import { transfer } from '../../../../src/transfer/transfer'
import { openHandles, settled } from '../../../support/handles'
import { backendNames, KiB, openBackend } from '../../backends'
import { fakeSource, pattern, sha256 } from '../../fakes'

const partSize = 16 * KiB
const content = pattern(10 * partSize)
/** At this rate the part alone would take hours. */
const bytesPerSecond = 20

describe.each(backendNames)('one connection to %s that drips', (name) => {
  it('as a sink, does not hold up the transfer: its part goes over another one, and nothing stays open', async () => {
    const before = openHandles()
    {
      await using backend = await openBackend(name)
      const { server, store } = backend
      const fault = { type: 'drip-request', bytesPerSecond } as const
      const rule = server.misbehave({ when: { operation: 'UploadPart', partNumber: 9 }, fault })
      const events: TransferEvent[] = []
      const result = await transfer(fakeSource(content), store.sink('key'), {
        partSize,
        concurrency: 4,
        onEvent: (event) => events.push(event),
      })
      expect(rule.hits).toBe(1)
      expect(events.filter(({ type }) => type === 'straggler')).toEqual([{ type: 'straggler', index: 8 }])
      expect(result.retries).toBe(0)
      const object = server.object('key')!
      expect(sha256(await object.bytes())).toBe(sha256(content))
      const sent = server.requests.filter(({ query }) => query.partNumber === '9')
      expect(sent.map(({ status }) => status)).toEqual([undefined, 200])
      expect(server.requests.filter(({ operation }) => operation === 'UploadPart')).toHaveLength(11)
      expect(server.uploads()).toEqual([])
      await settled(() => expect(server.connections.open).toBeLessThanOrEqual(4))
    }
    await settled(() => {
      const now = openHandles()
      expect(now.sockets).toBe(before.sockets)
      expect(now.active.Timeout ?? 0).toBeLessThanOrEqual(before.active.Timeout ?? 0)
    })
  })

  it('as a source, does not hold up the transfer either', async () => {
    await using from = await openBackend(name)
    await using to = await openBackend(name === 'ceph' ? 'cos' : 'ceph')
    await from.server.put('from', content)
    const fault = { type: 'drip', bytesPerSecond } as const
    const rule = from.server.misbehave({ when: { operation: 'GetObject', nth: 9 }, fault })
    const events: TransferEvent[] = []
    await transfer(from.store.source('from'), to.store.sink('key'), {
      partSize,
      concurrency: 4,
      onEvent: (event) => events.push(event),
    })
    expect(rule.hits).toBe(1)
    expect(events.filter(({ type }) => type === 'straggler')).toHaveLength(1)
    expect(sha256(await to.server.object('key')!.bytes())).toBe(sha256(content))
    expect(to.server.uploads()).toEqual([])
    // The one that dripped is closed, not left to drip.
    await settled(() => from.server.requests.every(({ bytesSent }) => bytesSent <= partSize))
    await settled(() => expect(from.server.connections.open).toBeLessThanOrEqual(4))
  })
})
