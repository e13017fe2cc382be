import KeyvRedis from '@keyv/redis'
import { Keyv } from 'keyv'
import { keyvCheckpoints, type TransferEvent, transfer } from 'sluiceway'
import { memory } from 'sluiceway/memory'
import { expect, it } from 'vitest'
import { fakeSource, pattern } from '../../transfer/fakes'
import { describeWithRedis } from './real-redis'

describeWithRedis('a transfer whose checkpoint is in a Redis that goes away', (redis) => {
  it('completes all the same, and says that it could not save', async () => {
    const socket = { path: redis().path, reconnectStrategy: false as const }
    const store = new KeyvRedis({ socket }, { throwOnErrors: true })
    const keyv = new Keyv({ store, throwOnErrors: true })
    // Without a listener Keyv's complaint about a lost connection would end the process.
    keyv.on('error', () => {})
    const size = 20_000
    const to = memory()
    const events: TransferEvent[] = []
    let parts = 0
    const source = fakeSource(pattern(size), {
      async open(range = { start: 0, end: size }) {
        parts += 1
        if (parts === 5) await redis().kill()
        return fakeSource(pattern(size)).open(range)
      },
    })
    const result = await transfer(source, to.sink('out'), {
      partSize: 1000,
      concurrency: 1,
      checkpoint: { store: keyvCheckpoints(keyv), id: 'outage' },
      onEvent: (event) => events.push(event),
    })
    await keyv.disconnect()
    expect(result).toMatchObject({ bytes: size, parts: 20, retries: 0 })
    const errors = events.flatMap((event) => (event.type === 'checkpoint' ? [event.error] : []))
    expect(errors.length).toBeGreaterThan(0)
    for (const error of errors) expect(error).toMatchObject({ name: 'TransferError' })
  })
})
