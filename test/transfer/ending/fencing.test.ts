import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { disk } from '../../../src/adapters/disk'
import { memory } from '../../../src/adapters/memory'
import { TransferError } from '../../../src/contract/errors'
import type { PartReceipt, Sink, WriteSession } from '../../../src/contract/sink'
import type { Store } from '../../../src/contract/store'
import { readObject } from '../../../src/testing/conformance'
import type { TransferOptions } from '../../../src/transfer/options'
import type { TransferResult } from '../../../src/transfer/result'
import { transfer } from '../../../src/transfer/transfer'
import { KiB, openBackend } from '../backends'
import { borrowed, fakeSource, pattern, quickRetry, sha256 } from '../fakes'

const bytes = pattern(5 * 16 * KiB + 1)
const newer = bytes.map((byte) => byte ^ 0xff)
const partSize = 16 * KiB

const closing: (() => PromiseLike<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** Makes stores of one place, as two processes have them. */
const places: Record<string, () => Promise<() => Store>> = {
  async ceph() {
    const backend = await openBackend('ceph')
    closing.push(() => backend[Symbol.asyncDispose]())
    return backend.open
  },
  async cos() {
    const backend = await openBackend('cos')
    closing.push(() => backend[Symbol.asyncDispose]())
    return backend.open
  },
  async disk() {
    const root = await mkdtemp(join(tmpdir(), 'sluiceway-fencing-'))
    closing.push(() => rm(root, { recursive: true }))
    return () => {
      const store = disk({ root })
      closing.push(() => store.close())
      return store
    }
  },
  async memory() {
    const store = memory()
    return () => store
  },
}

const names = Object.keys(places)

type Gate = { arrived: Promise<void>; open(): void; pass(): Promise<void> }

function gate(): Gate {
  let arrive = () => {}
  let open = () => {}
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve
  })
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  const pass = () => {
    arrive()
    return opened
  }
  return { arrived, open: () => open(), pass }
}

/** The sink, with a gate before each commit and one after it; `lose` throws away what the commit answered. */
function gated(sink: Sink, before: Gate, after: Gate, lose = false): Sink {
  const wrap = (session: WriteSession): WriteSession =>
    new Proxy(session, {
      get(target, name) {
        const value = Reflect.get(target, name, target)
        if (name !== 'commit') return typeof value === 'function' ? value.bind(target) : value
        return async (...args: Parameters<WriteSession['commit']>) => {
          await before.pass()
          const committed = await target.commit(...args)
          await after.pass()
          if (lose) throw new TransferError('CONNECTION', 'The reply was lost.', { retry: 'temporary' })
          return committed
        }
      },
    })
  return new Proxy(sink, {
    get(target, name) {
      const value = Reflect.get(target, name, target)
      if (name === 'put') return undefined
      if (name === 'begin')
        return async (...args: Parameters<Sink['begin']>) => wrap(await target.begin(...args))
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

type Outcome = TransferResult | TransferError

function worker(store: Store, content: Uint8Array, options: TransferOptions = {}, lose = false) {
  const [before, after] = [gate(), gate()]
  const sink = gated(store.sink('key'), before, after, lose)
  const done: Promise<Outcome> = transfer(fakeSource(content), sink, {
    partSize,
    retry: quickRetry,
    ...options,
  }).catch((error: TransferError) => error)
  return { before, after, done }
}

/** Every order in which two workers can begin to commit, commit, and learn of it. */
const orders = ['aabb', 'abab', 'abba', 'baab', 'baba', 'bbaa'] as const

async function interleave(
  order: (typeof orders)[number],
  a: ReturnType<typeof worker>,
  b: ReturnType<typeof worker>,
): Promise<[Outcome, Outcome]> {
  await Promise.all([a.before.arrived, b.before.arrived])
  const steps = { a: [a.before, a.after], b: [b.before, b.after] }
  const workers = { a, b }
  for (const name of order) {
    const step = steps[name as 'a' | 'b'].shift()!
    step.open()
    // A commit that fails never comes to the second gate.
    if (step === workers[name as 'a' | 'b'].before) {
      await Promise.race([workers[name as 'a' | 'b'].after.arrived, workers[name as 'a' | 'b'].done])
    } else await workers[name as 'a' | 'b'].done
  }
  return Promise.all([a.done, b.done])
}

const stands = async (store: Store) => sha256(await readObject(store, 'key'))

const codeOf = (outcome: Outcome) => (TransferError.is(outcome) ? outcome.code : 'success')

describe.each(names)('on %s, two transfers to one destination', (name) => {
  it.each(orders)('are both told truly, and leave one whole object (%s)', async (order) => {
    const open = await places[name]!()
    const [a, b] = [worker(open(), bytes), worker(open(), newer)]
    const outcomes = await interleave(order, a, b)
    expect(outcomes.map(codeOf)).toEqual(['success', 'success'])
    // The second one to commit is the one that stands there.
    expect(await stands(open())).toBe(sha256(order[0] === 'a' ? newer : bytes))
  })

  it.each(orders)('succeed for exactly one where the object must be new (%s)', async (order) => {
    const open = await places[name]!()
    const ifExists = 'fail'
    const [a, b] = [worker(open(), bytes, { ifExists }), worker(open(), newer, { ifExists })]
    const outcomes = await interleave(order, a, b)
    const winner = order[0] === 'a' ? bytes : newer
    expect(outcomes.map(codeOf)).toEqual(
      order[0] === 'a' ? ['success', 'ALREADY_EXISTS'] : ['ALREADY_EXISTS', 'success'],
    )
    expect(await stands(open())).toBe(sha256(winner))
  })

  it.each(orders)('are told truly, too, where one gets no reply (%s)', async (order) => {
    const open = await places[name]!()
    const [a, b] = [worker(open(), bytes, {}, true), worker(open(), newer)]
    const outcomes = await interleave(order, a, b)
    // Replaced before it could look, nothing of it stands there any more: that is no success.
    const isReplaced = order === 'abab' || order === 'abba'
    expect(outcomes.map(codeOf)).toEqual([isReplaced ? 'CONNECTION' : 'success', 'success'])
    expect(await stands(open())).toBe(sha256(order[0] === 'a' ? newer : bytes))
  })
})

describe.each(names)('on %s, two runs that share one session', (name) => {
  const object = { size: bytes.length, attributes: {}, createOnly: false }

  async function sent(session: WriteSession): Promise<PartReceipt[]> {
    const receipts: PartReceipt[] = []
    for (let start = 0, index = 0; start < bytes.length; start += partSize, index++) {
      const piece = bytes.subarray(start, start + partSize)
      const body = { size: piece.length, open: async () => borrowed(piece) }
      receipts.push(await session.writePart({ index, start, size: piece.length }, body))
    }
    return receipts
  }

  it('end with SESSION_LOST for the late one, and leave what replaced the object alone', async () => {
    const open = await places[name]!()
    const [mine, theirs] = [open().sink('key'), open().sink('key')]
    const session = await mine.begin(object)
    const receipts = await sent(session)
    const resumed = await theirs.resume!(session.state, object)
    await resumed.commit(receipts)
    expect(await stands(open())).toBe(sha256(bytes))
    await transfer(fakeSource(newer), open().sink('key'), { partSize })

    const late = await session.commit(receipts).catch((error: TransferError) => error)
    expect(late).toMatchObject({ code: 'SESSION_LOST' })
    await session.abort()
    const pending = { size: bytes.length, digests: {}, session: session.state, receipts }
    expect(await mine.reconcile!(pending, object)).toBeUndefined()
    expect(await stands(open())).toBe(sha256(newer))
  })
})
