import { describe, expect, it } from 'vitest'
import { TransferError } from '../../../src/contract/errors'
import type { Body, Part, PartReceipt } from '../../../src/contract/sink'
import type { Context } from '../../../src/contract/source'
import { memoryCheckpoints } from '../../../src/resume'
import { moveParts } from '../../../src/transfer/move-parts'
import { resolveOptions, type TransferOptions } from '../../../src/transfer/options'
import { cutParts } from '../../../src/transfer/parts/cut-parts'
import { Run } from '../../../src/transfer/run'
import { Verifier } from '../../../src/transfer/verify/verifier'
import { collect, type FakeSinkHooks, fakeSink, fakeSource, pattern, quickRetry } from '../fakes'

const bytes = pattern(60_000)

/** Gates that a test opens one by one. */
class Gates {
  readonly begun: number[] = []
  readonly #open = new Map<number, () => void>()

  async pass(index: number, signal?: AbortSignal): Promise<void> {
    this.begun.push(index)
    await new Promise<void>((resolve, reject) => {
      this.#open.set(index, resolve)
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
  }

  open(index: number): void {
    this.#open.get(index)?.()
  }

  async until(count: number): Promise<void> {
    while (this.begun.length < count) await turn()
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))
const turns = async (count = 20) => {
  for (let left = count; left > 0; left -= 1) await turn()
}

/** Moves six parts, two at a time, each of which waits for its gate. */
async function moving(
  record?: (receipt: PartReceipt) => Promise<void>,
  hooks: FakeSinkHooks['session'] = {},
  change: TransferOptions = {},
) {
  const gates = new Gates()
  const sink = fakeSink({
    sink: { resume: () => Promise.reject(new Error('not here')) },
    session: {
      async writePart(part: Part, body: Body, { signal }: Context = {}) {
        await gates.pass(part.index, signal)
        await collect(await body.open())
        return { index: part.index, size: part.size }
      },
      ...hooks,
    },
  })
  const controller = new AbortController()
  const source = fakeSource(bytes)
  const checkpoint = { store: memoryCheckpoints(), id: 'draining', grace: 4000 }
  const options = {
    partSize: 10_000,
    concurrency: 2,
    retry: quickRetry,
    signal: controller.signal,
    checkpoint,
    ...change,
  }
  const run = new Run(source, sink, resolveOptions(source, sink, options))
  const info = await source.stat()
  const verifier = new Verifier(run, info)
  const cut = cutParts(run, info, verifier)
  const session = await sink.begin({ attributes: {}, createOnly: false })
  await cut.parts.first()
  const result = run.withGrace(() => moveParts(run, session, cut, verifier, record))
  const outcome = result.then(
    (receipts) => ({ receipts, error: undefined }),
    (error: TransferError) => ({ receipts: undefined, error }),
  )
  const end = () => {
    cut.parts.end()
    run.end()
  }
  return { gates, run, outcome, abort: () => controller.abort(), end }
}

describe('parts in flight when a transfer is asked to stop', () => {
  it('go on to their end and are recorded, and no other begins', async () => {
    const recorded: number[] = []
    const { gates, outcome, abort, end, run } = await moving(async ({ index }) => {
      recorded.push(index)
    })
    await gates.until(2)
    abort()
    gates.open(1)
    gates.open(0)
    expect((await outcome).error).toMatchObject({ code: 'ABORTED' })
    expect(recorded.sort()).toEqual([0, 1])
    expect(gates.begun).toEqual([0, 1])
    expect(run.signal.aborted).toBe(false)
    end()
  })

  it('go on though another of them fails', async () => {
    const recorded: number[] = []
    let refuse = () => {}
    const refused = new Promise<void>((resolve) => {
      refuse = resolve
    })
    const gates = new Gates()
    const at = await moving(
      async ({ index }) => {
        recorded.push(index)
      },
      {
        async writePart(part, body, { signal } = {}) {
          if (part.index === 1) {
            gates.begun.push(1)
            await refused
            throw new TransferError('ACCESS_DENIED', 'no')
          }
          await gates.pass(part.index, signal)
          await collect(await body.open())
          return { index: part.index, size: part.size }
        },
      },
    )
    await gates.until(2)
    at.abort()
    refuse()
    await turns()
    gates.open(0)
    expect((await at.outcome).error).toMatchObject({ code: 'ABORTED' })
    expect(recorded).toEqual([0])
    at.end()
  })

  it('are all that is waited for: not memory that other transfers hold', async () => {
    const { gates, outcome, abort, end, run } = await moving(undefined, {}, { memoryBudget: 10_000 })
    await gates.until(1)
    const others = run.budget.acquire(10_000, new AbortController().signal)
    gates.open(0)
    await gates.until(2)
    gates.open(1)
    const release = await others
    abort()
    expect((await outcome).error).toMatchObject({ code: 'ABORTED' })
    // The grace is not over yet.
    expect(run.signal.aborted).toBe(false)
    expect(gates.begun).toEqual([0, 1])
    release()
    end()
  })

  it('end at once where the transfer is stopped, or its grace is over', async () => {
    const { gates, outcome, abort, end, run } = await moving()
    await gates.until(2)
    abort()
    run.stop(new TransferError('TIMEOUT', 'enough'))
    expect((await outcome).error).toMatchObject({ code: 'ABORTED' })
    expect(gates.begun).toEqual([0, 1])
    end()
  })
})

describe('a part that has been accepted', () => {
  it('is recorded before its worker takes the next one', async () => {
    let save = () => {}
    const saved = new Promise<void>((resolve) => {
      save = resolve
    })
    const { gates, outcome, end } = await moving(async ({ index }) => {
      if (index === 0) await saved
    })
    await gates.until(2)
    gates.open(0)
    await turns()
    expect(gates.begun).toEqual([0, 1])
    save()
    for (let index = 1; index < 6; index += 1) {
      await gates.until(Math.min(6, index + 1))
      gates.open(index)
    }
    const { receipts } = await outcome
    expect(receipts?.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5])
    end()
  })

  it('and cannot be recorded for good stops the others', async () => {
    const lost = new TransferError('SESSION_LOST', 'taken over')
    const { gates, outcome, end } = await moving(() => Promise.reject(lost))
    await gates.until(2)
    gates.open(1)
    expect((await outcome).error).toBe(lost)
    expect(gates.begun).toEqual([0, 1])
    end()
  })
})
