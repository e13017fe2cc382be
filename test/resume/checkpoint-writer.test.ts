import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { TransferError } from '../../src/contract/errors'
import type { PartReceipt } from '../../src/contract/sink'
import { type Checkpoint, encodeCheckpoint } from '../../src/resume/checkpoint'
import { CheckpointWriter } from '../../src/resume/checkpoint-writer'
import { checkpoint, receipt, receipts } from './checkpoints'
import { gatedStore, settled, watch } from './gated-store'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

function setUp(change: Partial<Checkpoint> = {}) {
  const gated = gatedStore()
  const errors: TransferError[] = []
  const takenOver = vi.fn()
  const failed = (error: TransferError) => void errors.push(error)
  const writer = new CheckpointWriter(gated.store, 'id', checkpoint(change), { failed, takenOver })
  const saved = () => gated.saves.map((save) => save.checkpoint.parts.map(({ index }) => index))
  return { ...gated, writer, errors, saved, takenOver }
}

describe('a checkpoint writer', () => {
  it('saves a session before it has parts', async () => {
    const { writer, saves } = setUp({ revision: 4 })
    const seen = watch(writer.save())
    await settled()
    expect(seen.settled).toBe(false)
    await saves[0]!.land()
    expect(seen.settled).toBe(true)
    expect(saves[0]!.checkpoint).toEqual(checkpoint({ revision: 5 }))
  })

  it('has recorded a receipt when a save that holds it has landed', async () => {
    const { writer, saves } = setUp()
    const seen = watch(writer.record(receipt(3)))
    await settled()
    expect(seen.settled).toBe(false)
    await saves[0]!.land()
    expect(seen.settled).toBe(true)
    expect(saves[0]!.checkpoint.parts).toEqual([receipt(3)])
  })

  it('saves once for all receipts that come while a save is under way', async () => {
    const { writer, saves, saved } = setUp()
    const first = watch(writer.record(receipt(0)))
    const later = [1, 2, 3].map((index) => watch(writer.record(receipt(index))))
    await settled()
    expect(saves).toHaveLength(1)
    await saves[0]!.land()
    expect(first.settled).toBe(true)
    expect(later.map((seen) => seen.settled)).toEqual([false, false, false])
    await saves[1]!.land()
    expect(later.map((seen) => seen.settled)).toEqual([true, true, true])
    expect(saved()).toEqual([[0], [0, 1, 2, 3]])
  })

  it('saves without a pause as long as receipts come', async () => {
    const { writer, saves, saved } = setUp()
    writer.record(receipt(0))
    for (let index = 1; index < 5; index++) {
      const seen = watch(writer.record(receipt(index)))
      await saves[index - 1]!.land()
      expect(seen.settled).toBe(false)
      expect(saved().at(-1)).toContain(index)
      if (index === 4) await saves[index]!.land()
    }
    expect(saves).toHaveLength(5)
  })

  it('goes on from the parts and the revision it was given, and never repeats a revision', async () => {
    const { writer, saves } = setUp({ revision: 40, parts: [receipt(0)] })
    for (const index of [1, 2, 3]) {
      writer.record(receipt(index))
      await settled()
      if (index === 2) await saves.at(-1)!.fail(new Error('down'))
      else await saves.at(-1)!.land()
    }
    expect(saves.map((save) => save.checkpoint.revision)).toEqual([41, 42, 43])
    expect(saves.map((save) => save.checkpoint.parts.length)).toEqual([2, 3, 4])
  })

  it('keeps the later receipt of a part that was sent again', async () => {
    const { writer, saves } = setUp()
    writer.record(receipt(0))
    writer.record({ ...receipt(0), etag: '"again"' })
    await saves[0]!.land()
    expect(saves[1]!.checkpoint.parts).toEqual([{ ...receipt(0), etag: '"again"' }])
    await saves[1]!.land()
  })

  it('saves 5 parts one by one when each is awaited', async () => {
    const { writer, saves, saved } = setUp()
    for (let index = 0; index < 5; index++) {
      const recorded = writer.record(receipt(index))
      await settled()
      await saves[index]!.land()
      await recorded
    }
    expect(saved().map((parts) => parts.length)).toEqual([1, 2, 3, 4, 5])
  })
})

describe('the saves of more than 1,000 parts', () => {
  /** One save has just taken so many milliseconds. */
  async function afterSaveOf(milliseconds: number) {
    const setting = setUp({ parts: receipts(1000) })
    setting.writer.record(receipt(1000))
    vi.advanceTimersByTime(milliseconds)
    await setting.saves[0]!.land()
    return setting
  }

  it('are not begun before 20 times the duration of the last has passed; the receipt does not wait', async () => {
    const { writer, saves } = await afterSaveOf(50)
    const seen = watch(writer.record(receipt(1001)))
    writer.record(receipt(1002))
    await settled()
    expect(seen.settled).toBe(true)
    vi.advanceTimersByTime(999)
    expect(saves).toHaveLength(1)
    vi.advanceTimersByTime(1)
    await settled()
    expect(saves).toHaveLength(2)
    expect(saves[1]!.checkpoint.parts).toHaveLength(1003)
    await saves[1]!.land()
  })

  it('are begun at once after a pause', async () => {
    const { writer, saves } = await afterSaveOf(50)
    vi.advanceTimersByTime(1000)
    const seen = watch(writer.record(receipt(1001)))
    await settled()
    expect(seen.settled).toBe(false)
    await saves[1]!.land()
    expect(seen.settled).toBe(true)
  })

  it('include the last receipts by a flush', async () => {
    const { writer, saves } = await afterSaveOf(50)
    writer.record(receipt(1001))
    const flushed = writer.flush(5000)
    await settled()
    expect(saves[1]!.checkpoint.parts).toHaveLength(1002)
    await saves[1]!.land()
    expect(await flushed).toBe(true)
  })

  it('hold up no process that has nothing else to do', async () => {
    vi.useRealTimers()
    const unref = vi.spyOn(globalThis, 'setTimeout')
    const store = {
      load: async () => {},
      delete: async () => {},
      save: () => new Promise<void>((done) => setImmediate(done)),
    }
    const writer = new CheckpointWriter(store, 'id', checkpoint({ parts: receipts(1001) }), {
      failed: () => {},
      takenOver: () => {},
    })
    await writer.save()
    unref.mockClear()
    await writer.record(receipt(1001))
    const timer = unref.mock.results[0]?.value as NodeJS.Timeout
    expect(timer.hasRef()).toBe(false)
    await writer.close(5000)
    unref.mockRestore()
    vi.useFakeTimers()
  })

  it('stop when the transfer has finished', async () => {
    const { writer, saves, kept } = await afterSaveOf(50)
    writer.record(receipt(1001))
    await writer.finish()
    vi.advanceTimersByTime(100_000)
    await settled()
    expect(saves).toHaveLength(1)
    expect(kept.size).toBe(0)
  })
})

describe('a store that fails', () => {
  it('fails no record, and is reported once for each failure', async () => {
    const { writer, saves, errors } = setUp()
    const recorded = [writer.record(receipt(0))]
    await saves[0]!.fail(new Error('down'))
    recorded.push(writer.record(receipt(1)), writer.record(receipt(2)))
    await saves[1]!.fail(new Error('still down'))
    await settled()
    await saves[2]!.land()
    await Promise.all(recorded)
    expect(errors.map((error) => (error.cause as Error).message)).toEqual(['down', 'still down'])
    expect(errors[0]).toMatchObject({
      code: 'SINK_FAILED',
      retry: 'temporary',
      context: { checkpoint: 'id', operation: 'save' },
    })
  })

  it('is tried again with the next record, which carries what was lost', async () => {
    const { writer, saves } = setUp()
    writer.record(receipt(0))
    await saves[0]!.fail(new Error('down'))
    writer.record(receipt(1))
    await saves[1]!.land()
    expect(saves[1]!.checkpoint.parts).toEqual([receipt(0), receipt(1)])
  })

  it('is tried again by a flush', async () => {
    const { writer, saves } = setUp()
    writer.record(receipt(0))
    await saves[0]!.fail(new Error('down'))
    const flushed = writer.flush(5000)
    await settled()
    await saves[1]!.land()
    expect(await flushed).toBe(true)
  })

  it('makes a flush say that the last state is not saved', async () => {
    const { writer, saves } = setUp()
    const flushed = writer.flush(5000)
    await settled()
    await saves[0]!.fail(new Error('down'))
    expect(await flushed).toBe(false)
  })

  it('may throw instead of rejecting', async () => {
    const errors: TransferError[] = []
    const save = () => {
      throw new Error('thrown')
    }
    const store = { load: async () => {}, save, delete: save }
    const failed = (error: TransferError) => void errors.push(error)
    const writer = new CheckpointWriter(store, 'id', checkpoint(), { failed, takenOver: () => {} })
    await writer.record(receipt(0))
    await writer.finish()
    expect(errors.map((error) => error.context.operation)).toEqual(['save', 'delete'])
  })

  it('shows no secret of its errors', async () => {
    const { writer, saves, errors } = setUp()
    writer.record(receipt(0))
    await saves[0]!.fail(Object.assign(new Error('refused'), { password: 'hunter2' }))
    expect(errors[0]!.cause).not.toHaveProperty('password')
  })
})

describe('a store that does not answer', () => {
  async function afterSilence() {
    const setting = setUp()
    const waiting = [watch(setting.writer.record(receipt(0))), watch(setting.writer.record(receipt(1)))]
    vi.advanceTimersByTime(9_999)
    await settled()
    expect(waiting.map((seen) => seen.settled)).toEqual([false, false])
    vi.advanceTimersByTime(1)
    await settled()
    expect(waiting.map((seen) => seen.settled)).toEqual([true, true])
    return setting
  }

  it('holds up a transfer for 10 s, once, and is reported', async () => {
    const { writer, errors } = await afterSilence()
    const seen = watch(writer.record(receipt(2)))
    await settled()
    expect(seen.settled).toBe(true)
    expect(errors.map((error) => error.code)).toEqual(['TIMEOUT'])
  })

  it('is asked nothing beside the save under way, which could land after a newer one', async () => {
    const { writer, saves, saved } = await afterSilence()
    writer.record(receipt(2))
    await settled()
    expect(saves).toHaveLength(1)
    await saves[0]!.land()
    expect(saved()).toEqual([[0], [0, 1, 2]])
    await saves[1]!.land()
  })

  it('is reported once for a save that was late and then failed', async () => {
    const { errors, saves } = await afterSilence()
    await saves[0]!.fail(new Error('down'))
    expect(errors.map((error) => error.code)).toEqual(['TIMEOUT'])
    await saves[1]!.land()
  })

  it('holds up a flush for as long as it was given', async () => {
    const { writer, errors } = setUp()
    writer.record(receipt(0))
    const flushed = writer.flush(300)
    await vi.advanceTimersByTimeAsync(300)
    expect(await flushed).toBe(false)
    expect(errors.map((error) => error.code)).toEqual(['TIMEOUT'])
  })
})

describe('closing', () => {
  it('saves the last state, also what comes while a save is under way', async () => {
    const { writer, saves, saved } = setUp()
    writer.record(receipt(0))
    writer.record(receipt(1))
    const closed = writer.close(5000)
    await saves[0]!.land()
    await saves[1]!.land()
    expect(await closed).toBe(true)
    expect(saved()).toEqual([[0], [0, 1]])
  })

  it('saves nothing that is saved already', async () => {
    const { writer, saves } = setUp()
    writer.record(receipt(0))
    await saves[0]!.land()
    expect(await writer.close(5000)).toBe(true)
    expect(saves).toHaveLength(1)
  })

  it('lets no save begin afterwards, which could undo one of whoever resumes', async () => {
    const { writer, saves } = setUp()
    writer.record(receipt(0))
    writer.record(receipt(1))
    const closed = writer.close(300)
    await vi.advanceTimersByTimeAsync(300)
    expect(await closed).toBe(false)
    await saves[0]!.land()
    await writer.record(receipt(2))
    expect(saves).toHaveLength(1)
  })
})

describe('finishing', () => {
  it('deletes the checkpoint, and later records save nothing', async () => {
    const { writer, saves, kept } = setUp()
    writer.record(receipt(0))
    await saves[0]!.land()
    expect(kept.size).toBe(1)
    await writer.finish()
    await writer.record(receipt(1))
    expect(await writer.flush(5000)).toBe(false)
    expect(saves).toHaveLength(1)
    expect(kept.size).toBe(0)
  })

  it('waits for a save under way, which would bring the checkpoint back', async () => {
    const { writer, saves, kept, deletes } = setUp()
    const recorded = watch(writer.record(receipt(0)))
    writer.record(receipt(1))
    const finished = writer.finish()
    await settled()
    expect(recorded.settled).toBe(true)
    expect(deletes).toEqual([])
    await saves[0]!.land()
    await finished
    expect(saves).toHaveLength(1)
    expect(deletes).toEqual(['id'])
    expect(kept.size).toBe(0)
  })

  it('deletes again after a save that landed late', async () => {
    const { writer, saves, kept, deletes } = setUp()
    writer.record(receipt(0))
    const finished = writer.finish(400)
    await vi.advanceTimersByTimeAsync(400)
    await finished
    expect(deletes).toEqual(['id'])
    await saves[0]!.land()
    expect(deletes).toEqual(['id', 'id'])
    expect(kept.size).toBe(0)
  })

  it('happens once, however often it is asked for', async () => {
    const { writer, deletes } = setUp()
    await Promise.all([writer.finish(), writer.finish()])
    await writer.finish()
    expect(deletes).toEqual(['id'])
  })

  it('reports a deletion that failed, and one that got no answer', async () => {
    const errors: TransferError[] = []
    const answers: Array<Promise<void>> = [Promise.reject(new Error('down')), new Promise(() => {})]
    const store = { load: async () => {}, save: async () => {}, delete: () => answers.shift()! }
    for (let nth = 0; nth < 2; nth++) {
      const failed = (error: TransferError) => void errors.push(error)
      const writer = new CheckpointWriter(store, 'id', checkpoint(), { failed, takenOver: () => {} })
      const finished = writer.finish(700)
      await vi.advanceTimersByTimeAsync(700)
      await finished
    }
    expect(errors.map(({ code, context }) => [code, context.operation])).toEqual([
      ['SINK_FAILED', 'delete'],
      ['TIMEOUT', 'delete'],
    ])
  })
})

describe('a checkpoint that another run has taken up', () => {
  async function afterTakeOver() {
    const setting = setUp()
    const first = setting.writer.record(receipt(0))
    await setting.saves[0]!.land()
    await first
    const theirs = encodeCheckpoint(checkpoint({ owner: 'owner-2', revision: 7 }))
    setting.kept.set('id', theirs)
    return { ...setting, theirs }
  }

  it('is not saved over, and the run is told once', async () => {
    const { writer, saves, kept, theirs, takenOver } = await afterTakeOver()
    await writer.record(receipt(1))
    await writer.record(receipt(2))
    expect(saves).toHaveLength(1)
    expect(kept.get('id')).toBe(theirs)
    expect(takenOver).toHaveBeenCalledOnce()
  })

  it('is not deleted', async () => {
    const { writer, kept, theirs } = await afterTakeOver()
    await writer.record(receipt(1))
    await writer.finish()
    expect(kept.get('id')).toBe(theirs)
  })

  it('is told from one that is gone, which is saved again', async () => {
    const { writer, saves, kept, takenOver } = await afterTakeOver()
    kept.delete('id')
    const recorded = writer.record(receipt(1))
    await settled()
    await saves[1]!.land()
    await recorded
    expect(kept.size).toBe(1)
    expect(takenOver).not.toHaveBeenCalled()
  })

  it('can be asked for', async () => {
    const { writer, kept } = await afterTakeOver()
    expect(await writer.isTakenOver(1000)).toBe(true)
    kept.delete('id')
    expect(await writer.isTakenOver(1000)).toBe(false)
  })

  it('is taken by the first save, whoever had it', async () => {
    const { writer, saves, kept, takenOver } = setUp({ revision: 7 })
    kept.set('id', encodeCheckpoint(checkpoint({ owner: 'owner-0', revision: 7 })))
    const saved = writer.save()
    await settled()
    await saves[0]!.land()
    await saved
    expect(saves[0]!.checkpoint.owner).toBe('owner-1')
    expect(takenOver).not.toHaveBeenCalled()
  })
})

describe('any order of records, failures and pauses', () => {
  it('leaves, after a flush that succeeded, exactly what was recorded', async () => {
    let seed = 1
    const random = (below: number) => {
      seed = (seed * 48271) % 2147483647
      return seed % below
    }
    for (let round = 0; round < 200; round++) {
      const { writer, saves, store, kept } = setUp({ revision: round })
      const recorded = new Map<number, PartReceipt>()
      let handled = 0
      for (let step = 0; step < 30; step++) {
        const save = saves[handled]
        if (save && random(3) > 0) {
          handled++
          await (random(4) === 0 ? save.fail(new Error('down')) : save.land())
        } else if (random(20) === 0) {
          await vi.advanceTimersByTimeAsync(10_000)
        } else {
          const part = receipt(random(12))
          recorded.set(part.index, part)
          void writer.record(part)
        }
      }
      const flushed = watch(writer.flush(60_000))
      while (!flushed.settled) {
        if (handled < saves.length) await saves[handled++]!.land()
        else await settled()
      }
      expect(saves).toHaveLength(handled)
      const revisions = saves.map((save) => save.checkpoint.revision)
      expect(revisions).toEqual(revisions.map((_, nth) => round + 1 + nth))
      expect(saves.at(-1)!.checkpoint.parts).toEqual([...recorded.values()].sort((a, b) => a.index - b.index))
      expect(await store.load('id')).toBe(kept.get('id'))
      await writer.finish()
      expect(kept.size).toBe(0)
    }
  })
})
