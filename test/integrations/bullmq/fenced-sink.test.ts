import { type Body, type Sink, TransferError, transfer } from 'sluiceway'
import { memory } from 'sluiceway/memory'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { fencedSink } from '../../../src/integrations/bullmq/fenced-sink'
import { fakeSource, pattern } from '../../transfer/fakes'

const held = { confirm: async () => {}, cut: new AbortController().signal }
const lost = () => new TransferError('SESSION_LOST', 'lost')

describe('a sink behind a fence', () => {
  it.each([
    ['in parts', 20_000, 1000],
    ['in one request', 500, 1000],
  ])('takes an object %s where the fence is open', async (_, size, partSize) => {
    const to = memory()
    const result = await transfer(fakeSource(pattern(size)), fencedSink(to.sink('out'), held), { partSize })
    expect(result).toMatchObject({ bytes: size })
    expect((await to.sink('out').stat!())?.size).toBe(size)
  })

  it('warns of nothing where many parts are in flight', async () => {
    const warn = vi.spyOn(process, 'emitWarning')
    onTestFinished(() => warn.mockRestore())
    const sink = fencedSink(memory().sink('out'), { ...held, cut: new AbortController().signal })
    await transfer(fakeSource(pattern(20_000)), sink, { partSize: 1000, concurrency: 20 })
    expect(warn).not.toHaveBeenCalled()
  })

  it.each([
    ['in parts', 20_000, 1000],
    ['in one request', 500, 1000],
  ])('makes no object %s visible where it is closed', async (_, size, partSize) => {
    const to = memory()
    const confirm = async () => {
      throw lost()
    }
    const sink = fencedSink(to.sink('out'), { ...held, confirm })
    await expect(transfer(fakeSource(pattern(size)), sink, { partSize })).rejects.toMatchObject({
      code: 'SESSION_LOST',
    })
    expect(await to.sink('out').stat!()).toBeUndefined()
  })

  it('asks again before each try of a commit', async () => {
    const to = memory()
    const inner = to.sink('out')
    let asked = 0
    const refusing: Sink = {
      location: inner.location,
      capabilities: inner.capabilities,
      async begin(object, context) {
        const session = await inner.begin(object, context)
        const commit: typeof session.commit = async (...args) => {
          if (asked === 1) throw new TransferError('THROTTLED', 'later', { retry: 'temporary' })
          return session.commit(...args)
        }
        return {
          state: session.state,
          commit,
          writePart: (...args) => session.writePart(...args),
          abort: (...args) => session.abort(...args),
        }
      },
    }
    const confirm = async () => {
      asked += 1
    }
    await transfer(fakeSource(pattern(5000)), fencedSink(refusing, { ...held, confirm }), {
      partSize: 1000,
      retry: { minDelay: 0 },
    })
    expect(asked).toBe(2)
  })

  it('ends the parts in flight when it is cut, though the transfer would give them time', async () => {
    const cut = new AbortController()
    const writing: Sink = {
      location: 'memory:out',
      capabilities: {},
      async begin() {
        return {
          state: null,
          writePart: (_part, _body, context) =>
            new Promise((_, reject) => {
              context!.signal!.addEventListener('abort', () => reject(context!.signal!.reason))
            }),
          commit: async () => ({}),
          abort: async () => {},
        }
      },
    }
    const session = await fencedSink(writing, { ...held, cut: cut.signal }).begin({
      attributes: {},
      createOnly: false,
    })
    const body: Body = { size: 1, open: async () => (async function* () {})() }
    const part = session.writePart({ index: 0, start: 0, size: 1 }, body, {
      signal: new AbortController().signal,
    })
    cut.abort()
    await expect(part).rejects.toMatchObject({ code: 'ABORTED', retry: 'permanent' })
  })
})
