import { describe, expect, it } from 'vitest'
import { keyvCheckpoints } from '../../src/resume/index'
import { fakeKeyv } from './fake-keyv'

describe('checkpoints in Keyv', () => {
  it('stand under keys of their own, plain ids readable, all of them short', async () => {
    const texts = new Map<string, string>()
    const store = keyvCheckpoints(fakeKeyv(texts))
    await store.save('job-42', 1)
    await store.save('Videos/2026: '.repeat(100), 2)
    const [plain, hashed] = [...texts.keys()]
    expect(plain).toBe('sluiceway:checkpoint:job-42')
    expect(hashed).toMatch(/^sluiceway:checkpoint:~[0-9a-f]{64}$/)
  })

  it('fit unstorage, whose empty answer is null', async () => {
    const items = new Map<string, unknown>()
    const storage = {
      getItem: async (key: string) => items.get(key) ?? null,
      setItem: async (key: string, value: unknown) => void items.set(key, value),
      removeItem: async (key: string) => void items.delete(key),
    }
    const store = keyvCheckpoints({
      get: (key) => storage.getItem(key),
      set: (key, value) => storage.setItem(key, value),
      delete: (key) => storage.removeItem(key),
    })
    await store.save('id', { a: 1 })
    expect(await store.load('id')).toEqual({ a: 1 })
    await store.delete('id')
    await store.delete('id')
    expect(await store.load('id')).toBeNull()
  })

  it('are not taken for saved when Keyv answers that they are not', async () => {
    const store = keyvCheckpoints({ ...fakeKeyv(), set: async () => false })
    await expect(store.save('id', 1)).rejects.toMatchObject({ code: 'SINK_FAILED', retry: 'temporary' })
  })

  it('are not taken for deleted when they are still there', async () => {
    const keyv = fakeKeyv()
    const store = keyvCheckpoints({ ...keyv, delete: async () => false })
    await store.delete('id')
    await store.save('id', 1)
    await expect(store.delete('id')).rejects.toMatchObject({ code: 'SINK_FAILED' })
  })

  it('fail with the error of the store as the cause', async () => {
    const down = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:6379'), { code: 'ECONNREFUSED' })
    const fail = async () => {
      throw down
    }
    const store = keyvCheckpoints({ get: fail, set: fail, delete: fail })
    const calls = { load: store.load('id'), save: store.save('id', 1), delete: store.delete('id') }
    for (const [operation, call] of Object.entries(calls)) {
      await expect(call).rejects.toMatchObject({
        code: 'SINK_FAILED',
        retry: 'temporary',
        context: { checkpoint: 'id', operation, errno: 'ECONNREFUSED' },
        cause: down,
      })
    }
  })

  it.each([[undefined], [null], ['redis://'], [{ get() {}, set() {} }]])(
    'need a store with get, set and delete, so not %s',
    (keyv) => {
      expect(() => keyvCheckpoints(keyv as never)).toThrow(
        expect.objectContaining({ code: 'INVALID_OPTION' }),
      )
    },
  )
})
