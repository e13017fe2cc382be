import { memory } from 'sluiceway/memory'
import { beforeEach, describe, expect, it } from 'vitest'
import { TransferError } from '../../../src/contract/errors'
import type { TransferEvent } from '../../../src/contract/events'
import type { Sink, WriteSession } from '../../../src/contract/sink'
import { type CheckpointStore, memoryCheckpoints } from '../../../src/resume'
import { type Checkpoint, decodeCheckpoint } from '../../../src/resume/checkpoint'
import type { TransferOptions } from '../../../src/transfer/options'
import { transfer } from '../../../src/transfer/transfer'
import { collect, fakeSource, pattern, quickRetry, silence } from '../fakes'

const partSize = 1000
const bytes = pattern(10 * partSize)

let store: ReturnType<typeof memory>
let checkpoints: CheckpointStore
let events: TransferEvent[]

beforeEach(() => {
  store = memory({ maxPutSize: 0 })
  checkpoints = memoryCheckpoints()
  events = []
})

const options = (change: Partial<TransferOptions> = {}): TransferOptions => ({
  partSize,
  concurrency: 1,
  retry: quickRetry,
  checkpoint: { store: checkpoints, id: 'job', grace: 0 },
  onEvent: (event) => void events.push(event),
  ...change,
})

/** A run that is stopped when so many parts have been accepted. */
async function interrupted(parts: number, change: Partial<TransferOptions> = {}, sink = store.sink('new')) {
  const controller = new AbortController()
  let accepted = 0
  const onEvent = ({ type }: TransferEvent) => {
    if (type === 'part' && ++accepted === parts) controller.abort()
  }
  const run = transfer(fakeSource(bytes), sink, options({ signal: controller.signal, onEvent, ...change }))
  await expect(run).rejects.toMatchObject({ code: 'ABORTED' })
}

async function saved(): Promise<Checkpoint | undefined> {
  return decodeCheckpoint(await checkpoints.load('job'))
}

const stored = async (key = 'new') => collect(await store.source(key).open())
const starts = ({ opened }: ReturnType<typeof fakeSource>) => opened.map((range) => range?.start ?? 0)
const seen = (type: TransferEvent['type']) => events.filter((event) => event.type === type)

/** The store's own sink, with some of its methods or those of its sessions replaced. */
function changed(
  change: (sink: Sink) => Partial<Sink>,
  inSession?: (s: WriteSession) => Partial<WriteSession>,
) {
  const sink = store.sink('new')
  const wrap = (session: WriteSession): WriteSession => ({ ...session, ...inSession?.(session) })
  return {
    ...sink,
    begin: async (...args: Parameters<Sink['begin']>) => wrap(await sink.begin(...args)),
    resume: async (...args: Parameters<NonNullable<Sink['resume']>>) => wrap(await sink.resume!(...args)),
    ...change(sink),
  }
}

describe('a transfer with a checkpoint', () => {
  it('deletes it when the object stands there', async () => {
    const result = await transfer(fakeSource(bytes), store.sink('new'), options())
    expect(result).toMatchObject({ resumedBytes: 0, parts: 10 })
    expect(await saved()).toBeUndefined()
    expect(seen('resume')).toEqual([])
  })

  it('is gone on with by the next run, which sends what is missing', async () => {
    await interrupted(4)
    expect((await saved())?.parts.map(({ index }) => index)).toEqual([0, 1, 2, 3])
    const source = fakeSource(bytes)
    const progress: number[] = []
    const result = await transfer(
      source,
      store.sink('new'),
      options({ onProgress: (p) => progress.push(p.bytes) }),
    )
    expect(starts(source)).toEqual([4000, 5000, 6000, 7000, 8000, 9000])
    expect(result).toMatchObject({ bytes: 10_000, parts: 10, resumedBytes: 4000 })
    expect(result.verified).toEqual(expect.arrayContaining(['part-crc64', 'part-etag', 'object-crc64']))
    expect(seen('resume')).toEqual([{ type: 'resume', parts: 4, bytes: 4000 }])
    expect(Math.min(...progress)).toBeGreaterThanOrEqual(4000)
    expect(progress.at(-1)).toBe(10_000)
    expect((await stored()).equals(bytes)).toBe(true)
    expect([await saved(), store.uploads()]).toEqual([undefined, []])
  })

  it('may be interrupted again and again', async () => {
    for (let run = 0; run < 9; run += 1) await interrupted(1)
    const source = fakeSource(bytes)
    await transfer(source, store.sink('new'), options())
    expect(starts(source)).toEqual([9000])
    expect((await stored()).equals(bytes)).toBe(true)
  })

  it('has nothing to send where all parts are there', async () => {
    const lost = changed(
      () => ({}),
      () => ({
        commit: () => Promise.reject(new TransferError('ACCESS_DENIED', 'not yet')),
      }),
    )
    await expect(transfer(fakeSource(bytes), lost, options())).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
    })
    const source = fakeSource(bytes)
    expect(await transfer(source, store.sink('new'), options())).toMatchObject({ resumedBytes: 10_000 })
    expect(source.opened).toEqual([])
    expect((await stored()).equals(bytes)).toBe(true)
  })

  it('is found out to have been committed by a run that was killed before it could say so', async () => {
    const copy: CheckpointStore = { ...checkpoints, delete: async () => {} }
    await transfer(fakeSource(bytes), store.sink('new'), options({ checkpoint: { store: copy, id: 'job' } }))
    expect(await saved()).toBeDefined()
    const source = fakeSource(bytes)
    const result = await transfer(source, store.sink('new'), options({ ifExists: 'fail' }))
    expect(result).toMatchObject({ bytes: 10_000, parts: 10, resumedBytes: 10_000 })
    expect(source.opened).toEqual([])
    expect(await saved()).toBeUndefined()
  })

  it('keeps nothing where onFailure is abort', async () => {
    await interrupted(4, { onFailure: 'abort' })
    expect([await saved(), store.uploads()]).toEqual([undefined, []])
  })

  it('names what it keeps without a checkpoint', async () => {
    const controller = new AbortController()
    const onEvent = ({ type }: TransferEvent) => type === 'part' && controller.abort()
    const { signal } = controller
    const run = transfer(fakeSource(bytes), store.sink('new'), {
      ...options({ signal, onFailure: 'keep', checkpoint: undefined }),
      onEvent,
    })
    await expect(run).rejects.toMatchObject({ code: 'ABORTED', context: { uploadId: expect.any(String) } })
    expect(store.uploads()).toEqual(['new'])
  })
})

describe('what an earlier run has left', () => {
  const sendsAll = async (
    source: ReturnType<typeof fakeSource>,
    sink: Sink,
    change?: Partial<TransferOptions>,
  ) => {
    const result = await transfer(source, sink, options(change))
    expect(result.resumedBytes).toBe(0)
    expect(store.uploads()).toEqual([])
    expect(await saved()).toBeUndefined()
  }

  it('is discarded where the source has changed', async () => {
    await interrupted(4)
    const other = pattern(5 * partSize).reverse()
    const stat = async () => ({ key: 'source', size: other.length, version: '2' })
    await sendsAll(fakeSource(other, { stat }), store.sink('new'))
    expect(seen('restart')).toEqual([{ type: 'restart', reason: 'source', discarded: true }])
    expect((await stored()).equals(other)).toBe(true)
  })

  it.each<[string, Partial<TransferOptions>]>([
    ['part-size', { partSize: 2000 }],
    ['attributes', { metadata: { contentType: 'video/mp4' } }],
  ])('is discarded by another %s', async (reason, change) => {
    await interrupted(4)
    await sendsAll(fakeSource(bytes), store.sink('new'), change)
    expect(seen('restart')).toEqual([{ type: 'restart', reason, discarded: true }])
    expect((await stored()).equals(bytes)).toBe(true)
  })

  it('is discarded where the destination has changed', async () => {
    await interrupted(4)
    await sendsAll(fakeSource(bytes), store.sink('elsewhere'))
    expect(seen('restart')).toEqual([{ type: 'restart', reason: 'destination', discarded: true }])
    expect((await stored('elsewhere')).equals(bytes)).toBe(true)
  })

  it('is begun afresh where the session is gone', async () => {
    await interrupted(4)
    await store.sink('new').discard!((await saved())!.session)
    await sendsAll(fakeSource(bytes), store.sink('new'))
    expect(seen('restart')).toMatchObject([{ reason: 'session' }])
    expect((await stored()).equals(bytes)).toBe(true)
  })

  it('counts as nothing where it cannot be read', async () => {
    await checkpoints.save('job', { format: 99, junk: true })
    await sendsAll(fakeSource(bytes), store.sink('new'))
    expect(seen('restart')).toEqual([])
  })

  it.each<
    [string, (parts: readonly { index: number; size: number; crc64?: string; md5?: string }[]) => unknown[]]
  >([
    ['damaged', (parts) => parts.map((part) => (part.index === 1 ? { ...part, crc64: '1' } : part))],
    ['of another size', (parts) => parts.map((part) => (part.index === 1 ? { ...part, size: 999 } : part))],
    ['missing', (parts) => parts.filter(({ index }) => index !== 1)],
    [
      'listed without any digest',
      (parts) => parts.map(({ index, size }) => (index === 1 ? { index, size } : parts[index]!)),
    ],
  ])('is sent again where it is %s', async (_, list) => {
    await interrupted(4)
    const source = fakeSource(bytes)
    const sink = changed(
      () => ({}),
      ({ listParts }) => ({
        listParts: async (context) => list(await listParts!(context)) as never,
      }),
    )
    expect(await transfer(source, sink, options())).toMatchObject({ resumedBytes: 3000 })
    expect(starts(source)[0]).toBe(1000)
    expect((await stored()).equals(bytes)).toBe(true)
  })

  it('is compared part by part though only sizes were to be verified', async () => {
    await interrupted(4, { verify: 'size' })
    expect((await saved())!.parts[0]).toHaveProperty('crc64')
    const source = fakeSource(bytes)
    expect(await transfer(source, store.sink('new'), options({ verify: 'size' }))).toMatchObject({
      resumedBytes: 4000,
    })
  })

  it('is sent again where a digest is asked for that was not computed then', async () => {
    await interrupted(4, { verify: 'size' })
    expect(await transfer(fakeSource(bytes), store.sink('new'), options())).toMatchObject({ resumedBytes: 0 })
    expect((await stored()).equals(bytes)).toBe(true)
  })

  it('stays for the run after this one where the session cannot be asked', async () => {
    await interrupted(4)
    const down = changed(() => ({ resume: () => Promise.reject(new TransferError('ACCESS_DENIED', 'no')) }))
    await expect(transfer(fakeSource(bytes), down, options())).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
    })
    expect(await transfer(fakeSource(bytes), store.sink('new'), options())).toMatchObject({
      resumedBytes: 4000,
    })
  })

  it('is removed where it proves of no use', async () => {
    await interrupted(4)
    let stats = 0
    const stat = async () => ({ key: 'source', size: bytes.length, version: ++stats < 2 ? '1' : '2' })
    const run = transfer(fakeSource(bytes, { stat }), store.sink('new'), options())
    await expect(run).rejects.toMatchObject({ code: 'SOURCE_CHANGED' })
    expect([await saved(), store.uploads()]).toEqual([undefined, []])
  })

  it('is removed where an object appeared that must not be replaced', async () => {
    await interrupted(4)
    await transfer(fakeSource(bytes), store.sink('new'), { partSize })
    const run = transfer(fakeSource(bytes), store.sink('new'), options({ ifExists: 'skip' }))
    expect(await run).toMatchObject({ skipped: true })
    expect([await saved(), store.uploads()]).toEqual([undefined, []])
  })
})

describe('two runs with one checkpoint', () => {
  it('let the one that came later go on, and stop the other before it commits', async () => {
    let thaw = () => {}
    const frozen = new Promise<void>((resolve) => {
      thaw = resolve
    })
    let hold = false
    const slow = changed(
      () => ({}),
      ({ writePart }) => ({
        async writePart(part, body, context) {
          const receipt = await writePart(part, body, context)
          if (part.index === 5) {
            hold = true
            await frozen
          }
          return receipt
        },
      }),
    )
    const first = transfer(fakeSource(bytes), slow, options())
    first.catch(() => {})
    await expect.poll(() => hold).toBe(true)
    const second = await transfer(fakeSource(bytes), store.sink('new'), options())
    expect(second).toMatchObject({ resumedBytes: 5000 })
    const newer = pattern(3000).reverse()
    await transfer(fakeSource(newer), store.sink('new'), { partSize })
    thaw()
    await expect(first).rejects.toMatchObject({ code: 'SESSION_LOST' })
    expect((await stored()).equals(newer)).toBe(true)
    expect(store.uploads()).toEqual([])
  })

  it('stop the earlier one at its next save, and leave the session to the later one', async () => {
    let taken = false
    const first = changed(
      () => ({}),
      ({ writePart }) => ({
        async writePart(part, body, context) {
          const receipt = await writePart(part, body, context)
          if (part.index === 5 && !taken) {
            taken = true
            await interrupted(1)
          }
          return receipt
        },
      }),
    )
    const run = transfer(fakeSource(bytes), first, options({ onFailure: 'abort' }))
    await expect(run).rejects.toMatchObject({ code: 'SESSION_LOST', context: { takenOver: true } })
    expect(store.uploads()).toEqual(['new'])
    expect(await transfer(fakeSource(bytes), store.sink('new'), options())).toMatchObject({
      resumedBytes: 6000,
    })
  })
})

describe('a checkpoint store that fails', () => {
  const failing = (change: Partial<CheckpointStore>) =>
    options({ checkpoint: { store: { ...checkpoints, ...change }, id: 'job' } })
  const down = () => Promise.reject(new Error('down'))

  it.each<[string, Partial<CheckpointStore>]>([
    ['to load', { load: down }],
    ['to save', { save: down }],
    ['to delete', { delete: down }],
  ])('%s costs the transfer nothing', async (_, change) => {
    await transfer(fakeSource(bytes), store.sink('new'), failing(change))
    expect((await stored()).equals(bytes)).toBe(true)
    expect(seen('checkpoint').length).toBeGreaterThan(0)
  })

  it('is asked again before its checkpoint is given up', async () => {
    await interrupted(4)
    let asked = 0
    const load = (id: string) => (++asked < 3 ? down() : checkpoints.load(id))
    expect(await transfer(fakeSource(bytes), store.sink('new'), failing({ load }))).toMatchObject({
      resumedBytes: 4000,
    })
    expect(seen('retry')).toMatchObject([{ operation: 'checkpoint' }, { operation: 'checkpoint' }])
  })

  it('and never answers ends with the abort of the transfer', async () => {
    const controller = new AbortController()
    const run = transfer(fakeSource(bytes), store.sink('new'), {
      ...failing({ load: () => new Promise(() => {}) }),
      signal: controller.signal,
    })
    controller.abort()
    await expect(run).rejects.toMatchObject({ code: 'ABORTED' })
  })
})

describe('an abort with a grace', () => {
  it('lets the parts in flight arrive, and begins no other', async () => {
    const controller = new AbortController()
    const grace = { store: checkpoints, id: 'job', grace: 2000 }
    let begun = 0
    const sink = changed(
      () => ({}),
      ({ writePart }) => ({
        async writePart(part, body, context) {
          if (++begun === 3) controller.abort()
          await new Promise((resolve) => setImmediate(resolve))
          return writePart(part, body, context)
        },
      }),
    )
    const { signal } = controller
    const run = transfer(fakeSource(bytes), sink, options({ signal, concurrency: 3, checkpoint: grace }))
    await expect(run).rejects.toMatchObject({ code: 'ABORTED', context: { checkpoint: 'job' } })
    expect((await saved())!.parts.map(({ index }) => index)).toEqual([0, 1, 2])
    const source = fakeSource(bytes)
    expect(await transfer(source, store.sink('new'), options())).toMatchObject({ resumedBytes: 3000 })
  })

  it('drops those that take longer', async () => {
    const controller = new AbortController()
    const sink = changed(
      () => ({}),
      ({ writePart }) => ({
        writePart(part, body, context) {
          if (part.index < 2) return writePart(part, body, context)
          controller.abort()
          return silence(context)
        },
      }),
    )
    const { signal } = controller
    const grace = { store: checkpoints, id: 'job', grace: 50 }
    const run = transfer(fakeSource(bytes), sink, options({ signal, checkpoint: grace }))
    await expect(run).rejects.toMatchObject({ code: 'ABORTED' })
    expect((await saved())!.parts.map(({ index }) => index)).toEqual([0, 1])
  })
})

describe('the options of a checkpoint', () => {
  const source = fakeSource(bytes)
  it.each<[string, unknown, object?]>([
    ['checkpoint', 'a string'],
    ['checkpoint.store', { store: {}, id: 'job' }],
    ['checkpoint.id', { store: memoryCheckpoints(), id: 7 }],
    ['checkpoint.grace', { store: memoryCheckpoints(), id: 'job', grace: 4001 }],
    ['checkpoint.grase', { store: memoryCheckpoints(), id: 'job', grase: 1 }],
    ['checkpoint', { store: memoryCheckpoints(), id: 'job' }, { sequential: true }],
    [
      'checkpoint',
      { store: memoryCheckpoints(), id: 'job' },
      { stat: async () => ({ key: 'a', version: '1' }) },
    ],
  ])('%s is refused where it makes no sense', async (option, checkpoint, change = {}) => {
    const run = transfer({ ...source, ...change }, store.sink('new'), { checkpoint } as TransferOptions)
    await expect(run).rejects.toMatchObject({ code: 'INVALID_OPTION', context: { option } })
  })

  it('needs a sink that can resume', async () => {
    const sink = { ...store.sink('new'), resume: undefined }
    await expect(transfer(source, sink as never, options())).rejects.toMatchObject({ code: 'INVALID_OPTION' })
  })
})
