import type { Processor } from 'bullmq'
import { createLifecycle, TransferError } from 'sluiceway'
import { transferProcessor } from 'sluiceway/bullmq'
import { memory } from 'sluiceway/memory'
import { describe, expect, expectTypeOf, it } from 'vitest'

const store = memory()
const toStore = () => ({ source: store.source('in'), sink: store.sink('out') })

describe('a processor for BullMQ', () => {
  it('has three parameters, by which BullMQ knows that it takes a signal', () => {
    expect(transferProcessor({ transfer: toStore })).toHaveLength(3)
  })

  it('is one by its types, and knows the data of its jobs', () => {
    const processor: Processor<{ from: string }> = transferProcessor({
      transfer: ({ data }) => {
        expectTypeOf(data).toEqualTypeOf<{ from: string }>()
        return toStore()
      },
    })
    expectTypeOf(processor).toBeFunction()
  })

  it.each([
    ['transfer', { transfer: 'move' }],
    ['grace', { transfer: toStore, grace: 5000 }],
    ['progressInterval', { transfer: toStore, progressInterval: -1 }],
    ['lifecycle', { transfer: toStore, lifecycle: {} }],
    ['queue', { transfer: toStore, queue: 'transfers' }],
    ['concurrency', { transfer: toStore, concurrency: 4 }],
  ])('refuses a wrong option %s by its name', (option, options) => {
    expect(() => transferProcessor(options as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', context: { option } }),
    )
  })

  const job = {
    id: '7',
    name: 'move',
    data: {},
    updateProgress: async () => {},
    moveToDelayed: async () => {},
  }
  const unrecoverable = (option: string) => ({
    name: 'UnrecoverableError',
    code: 'INVALID_OPTION',
    cause: expect.objectContaining({ context: { option } }),
  })

  const client = Promise.resolve({ defineCommand() {}, runCommand: async () => [1, null] })
  const queue = { name: 'transfers', toKey: (type: string) => `bull:transfers:${type}`, client }

  it('asks for a queue where it has no worker beside it, and for a token', async () => {
    const processor = transferProcessor({ transfer: toStore })
    await expect(processor(job, 'token')).rejects.toMatchObject(unrecoverable('queue'))
    await expect(transferProcessor({ transfer: toStore, queue })(job)).rejects.toMatchObject(
      unrecoverable('token'),
    )
  })

  it('refuses a queue that is not in Redis before it moves anything', async () => {
    const elsewhere = { ...queue, client: undefined }
    const transfer = () => {
      throw new Error('must not be asked')
    }
    await expect(transferProcessor({ transfer, queue: elsewhere })(job, 'token')).rejects.toMatchObject({
      name: 'UnrecoverableError',
      code: 'UNSUPPORTED',
    })
  })

  it('keeps the checkpoint itself', async () => {
    const checkpoint = { store: {}, id: 'mine' }
    const processor = transferProcessor({
      queue,
      transfer: () => ({ ...toStore(), options: { checkpoint } as never }),
    })
    await expect(processor(job, 'token')).rejects.toMatchObject(unrecoverable('checkpoint'))
  })

  it('has the hooks of its lifecycle around each job, also one that fails', async () => {
    const lifecycle = createLifecycle()
    const told: string[] = []
    const connections = [{}]
    const resource = { name: 'pool', idle: () => connections, discard: () => void told.push('task start') }
    lifecycle.register(resource)
    const failure = new TransferError('CONNECTION', 'no database', { retry: 'temporary' })
    const processor = transferProcessor({
      lifecycle,
      queue,
      transfer() {
        told.push('transfer')
        throw failure
      },
    })
    await expect(processor(job, 'token')).rejects.toBe(failure)
    expect(told).toEqual(['task start', 'transfer'])
  })
})
